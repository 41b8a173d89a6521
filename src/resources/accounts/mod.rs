//! Sign-in and the signed-in person: passwords, sessions, API tokens (ORG-6, ORG-7).
mod evenly;
mod mails;
mod me;
pub mod model;
pub mod password;
mod reset;
mod sign_in;
mod sign_up;
pub mod step_up;
pub mod tokens;

crate::api::room::room!(
    sign_in::login,
    sign_in::refresh_session,
    sign_in::logout,
    sign_in::list_signing_keys,
    sign_up::sign_up,
    sign_up::verify_email,
    reset::request_password_reset,
    reset::confirm_password_reset,
    me::get_me,
    me::update_me,
    me::change_password,
    tokens::list_api_tokens,
    tokens::create_api_token,
    tokens::revoke_api_token,
    tokens::list_sessions,
    tokens::end_session,
);
