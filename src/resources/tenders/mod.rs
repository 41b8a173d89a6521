//! Tenders: calls for help that a customer or a visitor addresses to all partners who want such
//! calls, and the proposals that answer them (TND-1 to TND-9).
mod author;
mod links;
mod mails;
pub mod model;
mod preferences;
mod proposals;
mod questions;
mod read;
mod submit;
mod views;

crate::api::room::room!(
    submit::submit_tender,
    read::list_tenders,
    read::get_tender,
    read::open_tender,
    read::list_tender_viewings,
    author::cancel_tender,
    author::close_tender,
    proposals::list_proposals,
    proposals::submit_proposal,
    proposals::revise_proposal,
    proposals::withdraw_proposal,
    proposals::select_proposal,
    questions::list_tender_questions,
    questions::ask_tender_question,
    questions::answer_tender_question,
    preferences::get_tender_preferences,
    preferences::change_tender_preferences,
    links::get_tender_link,
    links::confirm_tender_link,
    links::cancel_tender_link,
    links::close_tender_link,
    links::list_tender_link_proposals,
    links::select_tender_link_proposal,
    links::list_tender_link_viewings,
    links::list_tender_link_questions,
    links::answer_tender_link_question,
);
