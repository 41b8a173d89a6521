//! Sign-in and the signed-in person: passwords, sessions, API tokens (ORG-6, ORG-7).
mod evenly;
mod lockout;
mod mails;
mod me;
pub mod model;
pub mod password;
pub mod reset;
pub mod second_factor;
mod sign_in;
mod sign_up;
pub mod step_up;
pub mod tokens;
pub mod totp;

crate::api::room::room!(
    sign_in::login,
    sign_in::refresh_session,
    sign_in::logout,
    sign_in::list_signing_keys,
    sign_up::sign_up,
    sign_up::verify_email,
    reset::request_password_reset,
    reset::confirm_password_reset,
    step_up::reauthenticate,
    me::get_me,
    me::update_me,
    me::change_password,
    second_factor::get_second_factor,
    second_factor::begin_second_factor,
    second_factor::confirm_second_factor,
    second_factor::renew_recovery_codes,
    second_factor::disable_second_factor,
    tokens::list_api_tokens,
    tokens::create_api_token,
    tokens::revoke_api_token,
    tokens::list_sessions,
    tokens::end_session,
);
