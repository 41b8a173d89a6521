//! Organizations, their members' roles, and the operator's staff.
use super::words::words;

words! {
    /// What an organization is; only a company can enrol (PRG-1).
    OrganizationKind { Company = "company", Person = "person" }
}

words! {
    /// A person's place in an organization.
    Role {
        LegalRepresentative = "legal_representative",
        Administrator = "administrator",
        Collaborator = "collaborator",
        External = "external",
    }
}

words! {
    /// A role among the operator's staff.
    OperatorRole {
        Admin = "operator_admin",
        Billing = "operator_billing",
        Support = "operator_support",
    }
}
