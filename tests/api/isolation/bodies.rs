//! Requests that name another's thing in their body, each as complete as it must be for that to matter.
use super::calls::example;
use super::document::Operation;
use serde_json::{Map, Value, json};

/// Who asks, of those with things of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Customer,
    /// A customer of several partners.
    Sharing,
    Partner,
    /// Only the operator's staff may: for whichever customer, so nothing is another's to them.
    Staff,
}

pub struct Case {
    pub operation: &'static str,
    /// Where the other's id stands.
    pub at: &'static str,
    pub asker: Asker,
    /// What differs from the document's example; members that are null are left out.
    pub change: Value,
}

/// What tells nothing whoever's it is, and why.
pub const TELLS_NOTHING: &[(&str, &str, &str)] = &[
    (
        "send_invitation",
        "/customer_organization_id",
        "INV-2: a partner asks any organization for access, and its answer names it",
    ),
    (
        "send_invitation",
        "/requested_access/product_ids/*",
        "INV-2: who asks names no products, its own neither",
    ),
    (
        "move_backup_unit",
        "/product_id",
        "BAK-2: no unit is moved, wherever to",
    ),
];

pub fn cases() -> Vec<Case> {
    use Asker::{Customer, Partner, Sharing, Staff};
    let limited = json!({"level": "limited", "product_ids": [], "payment_mode": null});
    let lines = json!([{"family": "web_hosting", "quantity": 1, "period": "monthly"}]);
    let check = json!({"action": "order", "organization_id": "own org"});
    let order = json!({"acting_as": "customer", "lines": lines, "payment_method_id": "own pm"});
    let quote = json!({"acting_as": "customer", "lines": lines, "organization_id": "own org"});
    let report = json!({"organization_id": "own org"});
    let case = |operation, at, asker, change: &Value| Case {
        operation,
        at,
        asker,
        change: change.clone(),
    };
    let plain = json!({});
    vec![
        case("check_access", "/user_id", Customer, &check),
        case("check_access", "/organization_id", Customer, &check),
        case("check_access", "/product_id", Customer, &check),
        case(
            "check_accesses",
            "/checks/*/user_id",
            Customer,
            &json!({"checks": [check]}),
        ),
        case(
            "check_accesses",
            "/checks/*/organization_id",
            Customer,
            &json!({"checks": [check]}),
        ),
        case(
            "check_accesses",
            "/checks/*/product_id",
            Customer,
            &json!({"checks": [check]}),
        ),
        case(
            "create_organization_for_user",
            "/legal_representative_id",
            Staff,
            &plain,
        ),
        case("report_billing_event", "/organization_id", Staff, &report),
        case("report_billing_event", "/product_id", Staff, &report),
        case("report_billing_event", "/order_id", Staff, &report),
        case("report_billing_events", "/*/organization_id", Staff, &plain),
        case("report_billing_events", "/*/product_id", Staff, &plain),
        case("report_billing_events", "/*/order_id", Staff, &plain),
        case(
            "accept_invitation_link",
            "/organization_id",
            Customer,
            &plain,
        ),
        case(
            "accept_invitation_link",
            "/granted_access/product_ids/*",
            Customer,
            &json!({"organization_id": "own org", "granted_access": limited}),
        ),
        case(
            "accept_invitation_link",
            "/replace/*",
            Customer,
            &json!({"organization_id": "own org", "password": "own password"}),
        ),
        case(
            "accept_invitation",
            "/granted_access/product_ids/*",
            Customer,
            &json!({"granted_access": limited}),
        ),
        case(
            "accept_invitation",
            "/replace/*",
            Customer,
            &json!({"password": "own password"}),
        ),
        case("rotate_support_code", "/customer_id", Partner, &plain),
        case(
            "set_invitation_preferences",
            "/except_partner_ids/*",
            Customer,
            &plain,
        ),
        case("send_invitation", "/partner_id", Customer, &plain),
        case(
            "send_invitation",
            "/access/product_ids/*",
            Customer,
            &json!({"partner_id": "own peer", "access": limited}),
        ),
        case(
            "send_invitation",
            "/replace/*",
            Customer,
            &json!({"partner_id": "own peer", "password": "own password"}),
        ),
        case(
            "send_invitation",
            "/tender_id",
            Customer,
            &json!({"partner_id": "own peer"}),
        ),
        case("add_member", "/product_ids/*", Customer, &plain),
        case("update_member", "/product_ids/*", Customer, &plain),
        case(
            "create_team",
            "/product_ids/*",
            Customer,
            &json!({"name": "Bread online"}),
        ),
        case("update_team", "/product_ids/*", Customer, &plain),
        case(
            "place_order",
            "/quote_id",
            Customer,
            &json!({"acting_as": null, "currency": null, "lines": null, "payment_method_id": "own pm"}),
        ),
        case(
            "place_order",
            "/lines/*/parent_product_id",
            Customer,
            &order,
        ),
        case("place_order", "/payment_method_id", Customer, &order),
        case(
            "request_payout",
            "/payment_method_id",
            Partner,
            &json!({"amount": {"amount": "1.00", "currency": "CHF"}}),
        ),
        case("update_product", "/payment_method_id", Customer, &plain),
        case(
            "set_renewal_owner",
            "/payment_method_id",
            Customer,
            &json!({"owner": "customer"}),
        ),
        case("renew_product", "/payment_method_id", Customer, &plain),
        case("grant_support_access", "/product_ids/*", Customer, &plain),
        case("redeliver_webhook", "/through", Customer, &plain),
        case(
            "change_partnership_access",
            "/product_ids/*",
            Customer,
            &plain,
        ),
        case(
            "change_partnership_access",
            "/replace/*",
            Sharing,
            &json!({"level": "full", "product_ids": null, "payment_mode": "partner", "password": "own password"}),
        ),
        case(
            "assign_collaborators",
            "/items/*/member_id",
            Partner,
            &plain,
        ),
        case(
            "assign_collaborators",
            "/items/*/product_ids/*",
            Partner,
            &json!({"items": [{"member_id": "own member"}]}),
        ),
        case("hand_over_partnership", "/partner_id", Customer, &plain),
        case(
            "hand_over_partnership",
            "/access/product_ids/*",
            Customer,
            &json!({"partner_id": "own peer", "access": limited}),
        ),
        case("create_backup_unit", "/customer_id", Partner, &plain),
        case("update_backup_unit", "/customer_id", Partner, &plain),
        case("move_backup_unit", "/product_id", Partner, &plain),
        case("create_quote", "/organization_id", Customer, &quote),
        case(
            "create_quote",
            "/lines/*/parent_product_id",
            Customer,
            &quote,
        ),
        case("simulate_order", "/organization_id", Customer, &quote),
        case(
            "simulate_order",
            "/lines/*/parent_product_id",
            Customer,
            &quote,
        ),
        case(
            "select_tender_link_proposal",
            "/proposal_id",
            Customer,
            &plain,
        ),
        case(
            "submit_tender",
            "/organization_id",
            Customer,
            &json!({"contact": {"name": "Anna", "email": "anna@baeckerei-sommer.example", "phone": "+41215550123"}}),
        ),
        case("open_tender", "/organization_id", Partner, &plain),
        case("submit_proposal", "/organization_id", Partner, &plain),
        case("ask_tender_question", "/organization_id", Partner, &plain),
    ]
}

/// The document's example, changed so, with an id where the case has it.
pub fn body(operation: &Operation, case: &Case, id: &str, own: impl Fn(&str) -> String) -> Value {
    let mut body = example(operation).unwrap_or_else(|| json!({}));
    merge(&mut body, &case.change);
    fill(&mut body, &own);
    let steps: Vec<&str> = case.at.split('/').skip(1).collect();
    place(&mut body, &steps, id);
    body
}

fn merge(body: &mut Value, change: &Value) {
    let (Value::Object(body), Value::Object(change)) = (body, change) else {
        return;
    };
    for (name, value) in change {
        match value {
            Value::Null => body.remove(name),
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => body.insert(name.clone(), value.clone()),
        };
    }
}

/// `own org` is the asker's.
fn fill(body: &mut Value, own: &impl Fn(&str) -> String) {
    match body {
        Value::String(text) => {
            if let Some(kind) = text.strip_prefix("own ") {
                *text = own(kind);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, own)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, own)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn place(body: &mut Value, steps: &[&str], id: &str) {
    match steps {
        [] => *body = json!(id),
        ["*", rest @ ..] => {
            if body.as_array().is_none_or(Vec::is_empty) {
                *body = json!([null]);
            }
            place(&mut body[0], rest, id);
        }
        [name, rest @ ..] => {
            if !body.is_object() {
                *body = Value::Object(Map::new());
            }
            place(&mut body[*name], rest, id);
        }
    }
}
