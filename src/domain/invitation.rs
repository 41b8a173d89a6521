//! The life of an invitation: `pending → accepted | declined | cancelled | expired | superseded`.
use super::refusal::{Code, Refusal};
use super::words::words;
use chrono::NaiveDateTime;

words! {
    /// Which side sent it.
    Direction {
        CustomerToPartner = "customer_to_partner",
        PartnerToCustomer = "partner_to_customer",
    }
}

words! {
    /// What became of an invitation.
    InvitationStatus {
        Pending = "pending",
        Accepted = "accepted",
        Declined = "declined",
        Cancelled = "cancelled",
        Expired = "expired",
        Superseded = "superseded",
    }
}

words! {
    /// Who may ask an organization for access (INV-11).
    WhoMayAsk {
        /// Any partner in the programme.
        Anyone = "anyone",
        Nobody = "nobody",
        /// Any partner but those on a list.
        AnyoneBut = "anyone_but",
    }
}

impl WhoMayAsk {
    /// Whether it lets a partner ask that is on the list, or not.
    pub const fn lets(self, is_listed: bool) -> bool {
        match self {
            Self::Anyone => true,
            Self::Nobody => false,
            Self::AnyoneBut => !is_listed,
        }
    }
}

/// How often a day the sender may have the mail sent again (INV-7).
pub const RESENDS_A_DAY: usize = 5;

impl InvitationStatus {
    /// Expiry holds even if no job has run (INV-7).
    pub fn at(self, expires_at: NaiveDateTime, now: NaiveDateTime) -> Self {
        match self {
            Self::Pending if expires_at <= now => Self::Expired,
            Self::Pending
            | Self::Accepted
            | Self::Declined
            | Self::Cancelled
            | Self::Expired
            | Self::Superseded => self,
        }
    }

    /// Nothing leaves a final state.
    pub fn must_be_pending(self) -> Result<(), Refusal> {
        match self {
            Self::Pending => Ok(()),
            Self::Accepted
            | Self::Declined
            | Self::Cancelled
            | Self::Expired
            | Self::Superseded => {
                Err(Refusal::by(Code::AlreadyAnswered, "INV-7").with("status", self))
            }
        }
    }

    /// A dead link says which end it met.
    pub fn link_must_live(self) -> Result<(), Refusal> {
        match self {
            Self::Pending => Ok(()),
            Self::Accepted
            | Self::Declined
            | Self::Cancelled
            | Self::Expired
            | Self::Superseded => Err(Refusal::by(Code::LinkDead, "INV-7").with("status", self)),
        }
    }
}
