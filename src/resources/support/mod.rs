//! Support: codes by which the staff knows people, contracts, and temporary access (SUP-1 to SUP-4).
mod codes;
mod contract;
mod grants;
mod identify;
pub mod model;

crate::api::room::room!(
    codes::get_support_code,
    codes::rotate_support_code,
    contract::get_support_contract,
    contract::set_support_contract,
    identify::identify_by_support_code,
    grants::list_support_grants,
    grants::grant_support_access,
    grants::revoke_support_access,
    grants::list_support_uses,
    grants::list_support_accesses,
);
