//! What organizations have: of each kind that the document takes an id of, one that is really theirs.
use crate::invitations::{accept, full, invite, limited};
use crate::jobs::settle;
use crate::money::{card, order};
use crate::partnerships::{end_partnership, partnership};
use crate::programme::approve;
use crate::world::{Answer, World};
use actix_web::test::TestRequest;
use mandat::demo::PASSWORD;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The ids of one organization's things, each by its prefix, and tokens by their family of links.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub name: &'static str,
    things: BTreeMap<&'static str, String>,
}

/// Two organizations that work together, and who binds them.
struct Pair {
    customer: (&'static str, &'static str),
    partner: (&'static str, &'static str),
}

/// Whose things the others are after.
const CONCERNED: Pair = Pair {
    customer: ("karl", "Praxis Weiss"),
    partner: ("claire", "Studio Lumen"),
};

/// Who has as much, of its own.
const OTHERS: Pair = Pair {
    customer: ("anna", "Bäckerei Sommer"),
    partner: ("jonas", "Nordwerk"),
};

pub struct Tenants {
    pub weiss: Tenant,
    pub lumen: Tenant,
    pub sommer: Tenant,
    pub nordwerk: Tenant,
    /// What of Praxis Weiss is hidden from a collaborator of its partner to whom it is not assigned.
    pub unassigned: Tenant,
    /// Velo Kurier as somebody sees it who reaches it, and not all of its products.
    pub kurier: Tenant,
    /// What of Velo Kurier such a one does not reach.
    pub unselected: Tenant,
    /// Velo Kurier with both its limited partners.
    pub sharing: Tenant,
}

impl Tenant {
    pub fn find(&self, kind: &str) -> Option<&str> {
        self.things.get(kind).map(String::as_str)
    }

    pub fn without(mut self, kinds: &[&str]) -> Self {
        self.things.retain(|kind, _| !kinds.contains(kind));
        self
    }

    fn keep(&mut self, kind: &'static str, id: String) {
        self.things.insert(kind, id);
    }

    fn org(&self) -> &str {
        self.find("org").expect("every tenant is an organization")
    }
}

/// Both pairs, and what Velo Kurier once had: it was Praxis Weiss' partner for a while.
pub async fn furnish(world: &World) -> Tenants {
    let mut weiss = organization(world, CONCERNED.customer).await;
    let mut lumen = organization(world, CONCERNED.partner).await;
    let mut sommer = organization(world, OTHERS.customer).await;
    let mut nordwerk = organization(world, OTHERS.partner).await;
    kurier_comes_and_goes(world).await;
    for (who, partner) in [("claire", &lumen), ("jonas", &nordwerk)] {
        let wanted = json!({"wanted": true, "families": [], "regions": [], "languages": []});
        let preferences = format!("/v1/organizations/{}/tender-preferences", partner.org());
        world.put(who, &preferences, wanted).await.expect(200);
    }
    for (who, customer) in [("karl", &mut weiss), ("anna", &mut sommer)] {
        award(world, who, customer, &lumen).await;
    }
    together(world, &CONCERNED, &mut weiss, &mut lumen).await;
    let sent = invite(
        world,
        "anna",
        "Bäckerei Sommer",
        "Nordwerk",
        full("customer"),
    )
    .await;
    accept(world, "jonas", &sent.expect(201).id(), json!({}))
        .await
        .expect(200);
    together(world, &OTHERS, &mut sommer, &mut nordwerk).await;
    asked_by_others(world, &mut sommer).await;
    let all = [
        ("karl", &mut weiss),
        ("claire", &mut lumen),
        ("anna", &mut sommer),
        ("jonas", &mut nordwerk),
    ];
    settle(world).await;
    for (who, tenant) in all {
        told(world, who, tenant).await;
    }
    // Nobody but its author and those who answered it sees a tender that is not open any more.
    let close = format!(
        "/v1/tenders/{}/close",
        weiss.find("tender").expect("a tender")
    );
    let outcome = json!({"outcome": "no_suitable_proposal"});
    world.post("karl", &close, outcome).await.expect(200);
    // The collaborator's own organization is the other side of these.
    let unassigned = weiss
        .clone()
        .without(&["inv", "tender", "question", "proposal"]);
    let (kurier, unselected) = half_reached(world).await;
    let sharing = shared(world, &kurier).await;
    Tenants {
        weiss,
        lumen,
        sommer,
        nordwerk,
        unassigned,
        kurier,
        unselected,
        sharing,
    }
}

/// What an organization has by itself.
async fn organization(world: &World, (who, name): (&str, &'static str)) -> Tenant {
    let id = world.organization(name).await;
    let mut made = Tenant {
        name,
        things: [("org", id.clone())].into(),
    };
    let below = |path: &str| format!("/v1/organizations/{id}/{path}");
    made.keep("user", world.get(who, "/v1/me").await.expect(200).id());
    made.keep("session", first(world, who, "/v1/me/sessions").await);
    let token = json!({"name": "nightly export", "scopes": ["read"], "expires_in_days": 90});
    made.keep(
        "tok",
        post(world, who, "/v1/me/api-tokens", token).await.id(),
    );
    made.keep("member", first(world, who, &below("members")).await);
    let colleague =
        json!({"email": format!("colleague-of-{who}@people.example"), "role": "collaborator"});
    made.keep(
        "colleague",
        post(world, who, &below("members"), colleague).await.id(),
    );
    let link = link(
        world,
        &format!("colleague-of-{who}@people.example"),
        "member-invitation-links",
    )
    .await;
    made.keep("member-invitation-links", link);
    made.keep(
        "team",
        post(world, who, &below("teams"), json!({"name": "Web shop"}))
            .await
            .id(),
    );
    made.keep("pm", card(world, who, &id).await);
    let backup = json!([{"family": "backup", "quantity": 9, "period": "monthly"}]);
    let placed = order(world, who, "customer", name, "CHF", backup)
        .await
        .expect(201);
    made.keep("order", placed.text_of("/order/id"));
    made.keep("product", placed.text_of("/products/0/id"));
    made.keep("bev", placed.text_of("/billing_events/0/id"));
    made.keep("invoice", placed.text_of("/invoice/id"));
    let units = format!(
        "/v1/products/{}/backup-units",
        placed.text_of("/products/0/id")
    );
    made.keep(
        "unit",
        post(world, who, &units, json!({"name": "One", "quota": 2}))
            .await
            .id(),
    );
    let quote = json!({"organization_id": id, "acting_as": "customer", "currency": "CHF",
        "lines": [{"family": "mail", "quantity": 1, "period": "monthly"}]});
    made.keep("quote", post(world, who, "/v1/quotes", quote).await.id());
    let hook = json!({"url": "https://hooks.example.com/mandat", "event_types": ["webhook_endpoint.tested"]});
    let hook = post(world, who, &below("webhook-endpoints"), hook)
        .await
        .id();
    let test = below(&format!("webhook-endpoints/{hook}/test"));
    let tested = world.post(who, &test, json!({})).await.expect(202);
    made.keep("delivery", tested.id());
    let tested = world.post(who, &test, json!({})).await.expect(202);
    made.keep("later", tested.id());
    made.keep("webhook", hook);
    let grant = post(world, who, &below("support-access"), json!({"hours": 4})).await;
    // It has ended, and the support staff is outside again.
    let grants = below(&format!("support-access/{}", grant.id()));
    world.delete(who, &grants).await.expect(204);
    made.keep("grant", grant.id());
    made
}

/// What needs a job to have told of it.
async fn told(world: &World, who: &str, tenant: &mut Tenant) {
    let below = |path: &str| format!("/v1/organizations/{}/{path}", tenant.org());
    let event = first(world, who, &below("events")).await;
    tenant.keep("evt", event);
    tenant.keep("ntf", first(world, who, "/v1/me/notifications").await);
}

/// Velo Kurier becomes a partner, and for a while that of Praxis Weiss.
async fn kurier_comes_and_goes(world: &World) {
    let enrolments = "/v1/admin/enrolments?status=submitted";
    approve(world, &first(world, "nora", enrolments).await)
        .await
        .expect(200);
    for (partner, who) in [("Velo Kurier", "ben"), ("Studio Lumen", "claire")] {
        let open = partnership(world, "karl", "Praxis Weiss").await;
        end_partnership(world, "karl", &open).await.expect(200);
        let sent = invite(world, "karl", "Praxis Weiss", partner, full("customer")).await;
        accept(world, who, &sent.expect(201).id(), json!({}))
            .await
            .expect(200);
    }
}

/// What two organizations have of each other.
async fn together(world: &World, pair: &Pair, customer: &mut Tenant, partner: &mut Tenant) {
    let ((asks, _), (works, _)) = (pair.customer, pair.partner);
    let (of_customer, of_partner) = (
        format!("/v1/organizations/{}", customer.org()),
        format!("/v1/organizations/{}", partner.org()),
    );
    let mut both = |kind, id: String| {
        customer.keep(kind, id.clone());
        partner.keep(kind, id);
    };
    let partnership = first(
        world,
        asks,
        &format!("{of_customer}/partnerships?status=active"),
    )
    .await;
    let proposals = format!("/v1/partnerships/{partnership}/payment-mode-proposals");
    both(
        "pmp",
        post(world, works, &proposals, json!({"payment_mode": "partner"}))
            .await
            .id(),
    );
    both("partnership", partnership);
    both(
        "inv",
        first(world, asks, &format!("{of_customer}/invitations?box=sent")).await,
    );

    let address = world
        .get(asks, "/v1/me")
        .await
        .expect(200)
        .text_of("/email");
    let call = json!({
        "organization_id": customer.org(), "subject": "A shop for our bread", "description": "We bake.",
        "families": ["web_hosting"], "region": "CH-VD", "languages": ["de"],
        "contact": {"name": "Us", "email": address, "phone": "+41215550123"},
    });
    let tender = post(world, asks, "/v1/tenders", call).await.id();
    let below = |path: &str| format!("/v1/tenders/{tender}/{path}");
    world
        .post(works, &below("open"), json!({}))
        .await
        .expect(200);
    let question = json!({"text": "Is there a logo already?"});
    let question = post(world, works, &below("questions"), question).await.id();
    let offer = json!({"text": "We would do it.", "valid_until": "2099-01-01"});
    let offer = post(world, works, &below("proposals"), offer).await.id();
    for tenant in [&mut *customer, &mut *partner] {
        tenant.keep("question", question.clone());
        tenant.keep("proposal", offer.clone());
        tenant.keep("tender", tender.clone());
    }
    customer.keep("tender-links", link(world, &address, "tender-links").await);

    let enrolment = world
        .get(works, &format!("{of_partner}/partner-enrolment"))
        .await
        .expect(200);
    partner.keep("enrolment", enrolment.id());
    // The customer's order earns cashback, of which a part is paid out.
    let hosting = crate::money::hosting(10);
    order(world, asks, "customer", pair.customer.1, "CHF", hosting)
        .await
        .expect(201);
    let payout = json!({"amount": {"amount": "1.00", "currency": "CHF"},
        "payment_method_id": partner.find("pm"), "password": PASSWORD});
    let payout = world
        .post_keyed(works, &format!("{of_partner}/payouts"), "payout", payout)
        .await;
    partner.keep("payout", payout.expect(201).id());
}

/// A tender of the customer's that this partner has won.
async fn award(world: &World, who: &str, customer: &mut Tenant, partner: &Tenant) {
    let me = world.get(who, "/v1/me").await.expect(200);
    let call = json!({
        "organization_id": customer.org(), "subject": "A page for us", "description": "We move.",
        "families": ["web_hosting"], "region": "CH-VD", "languages": ["de"],
        "contact": {"name": "Us", "email": me.text_of("/email"), "phone": "+41215550123"},
    });
    let tender = post(world, who, "/v1/tenders", call).await.id();
    let below = |path: &str| format!("/v1/tenders/{tender}/{path}");
    let opening = json!({"organization_id": partner.org()});
    world
        .post("claire", &below("open"), opening)
        .await
        .expect(200);
    let offer = json!({"text": "We would do it.", "valid_until": "2099-01-01"});
    let offer = post(world, "claire", &below("proposals"), offer).await.id();
    let select = format!("/v1/proposals/{offer}/select");
    world.post(who, &select, json!({})).await.expect(200);
    customer.keep("awarded", tender);
}

/// Other partners ask this customer for access: by its id, and by an address.
async fn asked_by_others(world: &World, customer: &mut Tenant) {
    let requested = full("customer");
    for (who, partner, to) in [
        (
            "ben",
            "Velo Kurier",
            json!({"customer_organization_id": customer.org()}),
        ),
        (
            "claire",
            "Studio Lumen",
            json!({"customer_email": "anna@baeckerei-sommer.example"}),
        ),
    ] {
        let mut request = to;
        request["requested_access"] = requested.clone();
        let partner = world.organization(partner).await;
        let path = format!("/v1/organizations/{partner}/invitations");
        let sent = post(world, who, &path, request).await;
        if sent.body["customer"].is_object() {
            customer.keep("received", sent.id());
        }
    }
    let to = "anna@baeckerei-sommer.example";
    customer.keep(
        "invitation-links",
        link(world, to, "invitation-links").await,
    );
}

/// Velo Kurier orders what it shows neither its limited partner nor a collaborator.
async fn half_reached(world: &World) -> (Tenant, Tenant) {
    let all = organization(world, ("ben", "Velo Kurier")).await;
    let members = format!("/v1/organizations/{}/members", all.org());
    let petra = "petra@nordwerk.example";
    let place = json!({"email": petra, "role": "collaborator"});
    post(world, "ben", &members, place).await;
    let token = link(world, petra, "member-invitation-links").await;
    let accept = format!("/v1/member-invitation-links/{token}/accept");
    world.post("petra", &accept, json!({})).await.expect(200);
    let reached = ["org", "team", "member"];
    let mut seen = all.clone();
    seen.things.retain(|kind, _| reached.contains(kind));
    (seen, all.without(&reached))
}

/// Nordwerk becomes a limited partner of Velo Kurier, too, for what nobody manages yet.
async fn shared(world: &World, kurier: &Tenant) -> Tenant {
    let mut sharing = kurier.clone();
    let list = format!(
        "/v1/organizations/{}/partnerships?status=active",
        kurier.org()
    );
    sharing.keep("other", first(world, "ben", &list).await);
    let mail = json!([{"family": "mail", "quantity": 1, "period": "monthly"}]);
    let placed = order(world, "ben", "customer", "Velo Kurier", "CHF", mail).await;
    let access = limited(&[placed.expect(201).text_of("/products/0/id")]);
    let sent = invite(world, "ben", "Velo Kurier", "Nordwerk", access).await;
    accept(world, "jonas", &sent.expect(201).id(), json!({}))
        .await
        .expect(200);
    sharing.keep("partnership", first(world, "ben", &list).await);
    assert_ne!(sharing.find("partnership"), sharing.find("other"));
    sharing
}

async fn post(world: &World, who: &str, path: &str, body: Value) -> Answer {
    world.post(who, path, body).await.expect(201)
}

/// The id of what comes first in a list.
async fn first(world: &World, who: &str, path: &str) -> String {
    let list = world.get(who, path).await.expect(200);
    let id = list.body["items"][0]["id"].as_str();
    id.unwrap_or_else(|| panic!("{who} finds nothing at {path}"))
        .to_owned()
}

/// The token in the newest link of this family that was mailed to an address.
async fn link(world: &World, to: &str, family: &str) -> String {
    let mails = world.mails(to).await;
    let token = mails.iter().find_map(|mail| {
        let (_, token) = mail["link"]
            .as_str()?
            .split_once(&format!("/v1/{family}/"))?;
        Some(token.to_owned())
    });
    token.unwrap_or_else(|| panic!("no link of {family} went to {to}"))
}

/// Somebody who has signed up and belongs nowhere.
pub async fn stranger(world: &World) -> String {
    let email = "zoe@atelier-rosso.example";
    let new = json!({"name": "Zoe", "email": email, "password": "nine green kettles hum", "language": "it"});
    visit(world, "/v1/auth/sign-up", new).await.expect(204);
    let mails = world.mails(email).await;
    let link = mails[0]["link"].as_str().expect("a link");
    let (_, token) = link.split_once('#').expect("a token behind the page");
    visit(world, "/v1/auth/verify-email", json!({"token": token}))
        .await
        .expect(204);
    let signed_in = world.login(email, "nine green kettles hum").await;
    signed_in.expect(200).text_of("/access_token")
}

async fn visit(world: &World, path: &str, body: Value) -> Answer {
    world
        .send(TestRequest::post().uri(path).set_json(body))
        .await
}
