//! Sign-in and the signed-in person: passwords, sessions, API tokens (ORG-6, ORG-7).
mod me;
pub mod model;
pub mod password;
mod sign_in;
pub mod step_up;
pub mod tokens;

crate::api::room::room!(
    sign_in::login,
    sign_in::refresh_session,
    sign_in::logout,
    sign_in::list_signing_keys,
    me::get_me,
    me::update_me,
    me::change_password,
    tokens::list_api_tokens,
    tokens::create_api_token,
    tokens::revoke_api_token,
    tokens::list_sessions,
    tokens::end_session,
);
