//! The partner programme: enrolment, standing, benefits, affiliates (PRG-1 to PRG-7).
mod acts;
mod affiliate;
mod benefits;
mod decide;
mod enrolment;
pub mod model;
mod reference;
mod standing;
mod views;

crate::api::room::room!(
    reference::get_programme,
    enrolment::submit_partner_enrolment,
    enrolment::get_partner_enrolment,
    enrolment::answer_enrolment_inquiry,
    enrolment::leave_programme,
    standing::get_partner_standing,
    benefits::list_partner_benefits,
    affiliate::enrol_affiliate,
    affiliate::get_affiliate_enrolment,
    affiliate::end_affiliate_enrolment,
    decide::list_enrolments,
    decide::get_enrolment,
    decide::approve_enrolment,
    decide::reject_enrolment,
    decide::inquire_enrolment,
    decide::suspend_partner,
    decide::reinstate_partner,
    decide::end_partner_status,
);
