//! Nobody tells another tenant's thing from one that does not exist: every operation of the document
//! that takes an id, called by every kind of outsider (ACC-1, ACC-3, ORG-4, PAY-5, PSH-7).
mod bodies;
mod calls;
mod document;
mod tenants;

use self::bodies::{Asker, Case, TELLS_NOTHING, body, cases};
use self::calls::{Call, Seen, both, example, look};
use self::document::{Operation, operations};
use self::tenants::{Tenant, Tenants, furnish, stranger};
use crate::invitations::full;
use crate::world::{World, on_each_engine_with};
use actix_web::test::TestRequest;
use mandat::demo::PASSWORD;
use serde_json::json;
use std::collections::BTreeSet;
use std::io::Write;

/// A UUIDv7 that nothing has.
const NOBODYS: &str = "01jd8xk3v9e6mbyg4q5r7s8t9v";

/// Families of links whose token is the right itself: whoever holds one sees what it leads to. That it
/// does is shown below, and for the last by the test of NTF-2.
const KEYS: &[(&str, &str)] = &[
    ("invitation-links", "INV-6"),
    ("member-invitation-links", "ORG-4"),
    ("tender-links", "TND-5"),
    ("unsubscribe-links", "NTF-2"),
];

/// The page of a listed partner is public (DIR-1).
const DIRECTORY: &str = "get_directory_partner";

struct Outsider<'t> {
    kind: &'static str,
    bearer: Option<String>,
    /// Whose things are hidden from them.
    after: Vec<&'t Tenant>,
    /// What they see, to begin a path with.
    own: Option<&'t Tenant>,
    calls: fn(&Operation) -> bool,
}

#[derive(Default)]
struct Report {
    faults: Vec<String>,
    cells: usize,
    ids: BTreeSet<(String, String)>,
}

impl Report {
    fn judge(&mut self, cell: String, (foreign, unknown): &(Seen, Seen), expected: &[u16]) {
        self.judge_but_for_time(cell.clone(), (foreign, unknown), expected);
        if !foreign.took_as_long(unknown) {
            self.faults.push(format!(
                "{cell}\n  another's: {foreign:?}\n  nobody's:  {unknown:?}"
            ));
        }
    }

    fn judge_but_for_time(
        &mut self,
        cell: String,
        (foreign, unknown): (&Seen, &Seen),
        expected: &[u16],
    ) {
        self.cells += 1;
        if !foreign.tells_nothing(unknown) {
            self.faults.push(format!(
                "{cell}\n  another's: {foreign:?}\n  nobody's:  {unknown:?}"
            ));
        } else if !expected.contains(&foreign.status) {
            self.faults.push(format!("{cell}\n  {foreign:?}"));
        }
    }

    fn end(self, what: &str, operations: usize) {
        let line = format!(
            "\nisolation, {what}: {operations} operations, {} ids, {} cells\n",
            self.ids.len(),
            self.cells
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr is open");
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
    }
}

async fn outsiders<'t>(world: &World, all: &'t Tenants) -> Vec<Outsider<'t>> {
    let any = |_: &Operation| true;
    let outsider = |kind, bearer| Outsider {
        kind,
        bearer,
        after: vec![&all.weiss, &all.lumen],
        own: None,
        calls: any,
    };
    let person = async |kind, who: &str| outsider(kind, Some(world.token(who).await));
    // Whoever reaches the organization may be refused with 403 what it has.
    let within = async |kind, who: &str| Outsider {
        after: vec![&all.unselected],
        own: Some(&all.kurier),
        calls: |operation| !operation.is_the_staffs(),
        ..person(kind, who).await
    };
    vec![
        outsider("anonymous", None),
        outsider("a user without organization", Some(stranger(world).await)),
        Outsider {
            own: Some(&all.sommer),
            ..person("another customer", "anna").await
        },
        Outsider {
            own: Some(&all.nordwerk),
            ..person("another partner", "jonas").await
        },
        person("another partner's collaborator", "emil").await,
        person("a partner whose partnership has ended", "ben").await,
        Outsider {
            after: vec![&all.unassigned],
            ..person("the partner's collaborator without this customer", "maya").await
        },
        within("the limited partner without this product", "claire").await,
        within("the customer's collaborator without this product", "petra").await,
        person("operator, support, without a grant", "iris").await,
        Outsider {
            calls: is_the_administrators,
            ..person("operator, billing", "tom").await
        },
    ]
}

/// What of the staff only the administrators do.
fn is_the_administrators(operation: &Operation) -> bool {
    let path = operation.path(&operation.kinds());
    let of = |word: &str| path.starts_with(&format!("/v1/admin/{word}/"));
    ["enrolments", "partners", "users", "organizations"]
        .into_iter()
        .any(of)
}

fn is_key(kind: &str) -> bool {
    KEYS.iter().any(|(family, _)| *family == kind)
}

fn nobodys(kind: &str) -> String {
    format!("{kind}_{NOBODYS}")
}

/// Calls an operation with another's ids where nobody's could stand: all of the path, or what
/// follows a beginning of one's own.
async fn by_path(
    world: &World,
    operation: &Operation,
    outsider: &Outsider<'_>,
    report: &mut Report,
) {
    let expected: &[u16] = match outsider {
        Outsider { bearer: None, .. } if operation.needs_sign_in => &[401],
        _ if operation.is_the_staffs() => &[403, 404],
        _ => &[404],
    };
    let kinds = operation.kinds();
    // Whoever reaches the organization and not this thing: where no path names the organization,
    // finding out what is reached takes longer than finding nothing.
    let within = outsider
        .own
        .is_some_and(|own| own.name == outsider.after[0].name);
    let untimed = within && kinds.first().is_some_and(|kind| *kind != "org");
    for tenant in &outsider.after {
        for begun in 0..kinds.len() {
            let own = |kind: &&str| outsider.own.and_then(|own| own.find(kind));
            let beginning: Option<Vec<&str>> = kinds[..begun].iter().map(own).collect();
            let theirs: Option<Vec<&str>> = kinds[begun..]
                .iter()
                .map(|kind| tenant.find(kind))
                .collect();
            let public = operation.id == DIRECTORY && tenant.name == "Studio Lumen";
            let (Some(beginning), Some(theirs), false) = (beginning, theirs, public) else {
                continue;
            };
            if kinds[begun..].iter().any(|kind| is_key(kind)) {
                continue;
            }
            let call = |named: Vec<String>| Call {
                operation,
                ids: beginning
                    .iter()
                    .map(|id| (*id).to_owned())
                    .chain(named.clone())
                    .collect(),
                query: None,
                body: example(operation),
                rehearsed: false,
                named,
            };
            let foreign = call(theirs.iter().map(|id| (*id).to_owned()).collect());
            let unknown: Vec<String> = kinds[begun..].iter().map(|kind| nobodys(kind)).collect();
            let mut last = foreign.named.clone();
            last.splice(last.len() - 1.., unknown.last().cloned());
            // Nobody's thing at another's too, unless that is the same.
            for unknown in BTreeSet::from([unknown, last]) {
                let seen = both(world, outsider.bearer.as_deref(), &foreign, &call(unknown)).await;
                let cell = format!(
                    "{} of {} by {}, {begun} own",
                    operation.id, tenant.name, outsider.kind
                );
                // In an organization that one sees, what one may not do is refused, whatever it is done to.
                let expected = if begun > 0 { &[403, 404] } else { expected };
                match untimed {
                    true => report.judge_but_for_time(cell, (&seen.0, &seen.1), expected),
                    false => report.judge(cell, &seen, expected),
                }
            }
            for kind in &kinds[begun..] {
                report
                    .ids
                    .insert((operation.id.clone(), (*kind).to_owned()));
            }
        }
    }
}

fn settings() -> [(&'static str, String); 1] {
    [("MANDAT_ACCESS_TOKEN_MINUTES", "600".into())]
}

#[test]
fn acc_1_an_id_in_the_path_that_is_anothers_is_as_unknown_as_nobodys() {
    on_each_engine_with(&settings(), async |world| {
        let all = furnish(world).await;
        let operations = operations(world).await;
        let mut report = Report::default();
        for outsider in outsiders(world, &all).await {
            for operation in operations.iter().filter(|one| (outsider.calls)(one)) {
                by_path(world, operation, &outsider, &mut report).await;
            }
        }
        let of_paths = operations.iter().filter(|one| !one.kinds().is_empty());
        for operation in of_paths.clone() {
            for kind in operation.kinds().into_iter().filter(|kind| !is_key(kind)) {
                assert!(
                    report
                        .ids
                        .contains(&(operation.id.clone(), kind.to_owned())),
                    "no tenant has a {kind} for {}: make one in tenants.rs",
                    operation.id
                );
            }
        }
        report.end("paths", of_paths.count());
    });
}

/// What belongs to whoever asks, by kind, for a request that is theirs but for one id.
fn own(asker: Asker, all: &Tenants, kind: &str) -> String {
    let tenant = match asker {
        Asker::Customer | Asker::Staff => &all.sommer,
        Asker::Sharing => &all.sharing,
        Asker::Partner => &all.nordwerk,
    };
    let known = match (asker, kind) {
        (_, "password") => Some(PASSWORD),
        // Who is asked answers, and whom one has invited one may change.
        (Asker::Customer, "inv") => tenant.find("received"),
        (Asker::Customer, "member") => tenant.find("colleague"),
        (_, "peer") => all.lumen.find("org"),
        (_, "customer") => all.sommer.find("org"),
        (_, "managed") => all.sommer.find("product"),
        (_, kind) => tenant.find(kind),
    };
    let known = known.unwrap_or_else(|| panic!("{} has no {kind}", tenant.name));
    known.to_owned()
}

/// The same with one's own id, for afterwards: answered otherwise, as it is the id that decides and nothing
/// before it.
struct Control<'o> {
    cell: String,
    bearer: String,
    call: Call<'o>,
    unknown: Seen,
}

impl Control<'_> {
    async fn judge(self, world: &World, report: &mut Report) {
        let mine = look(world, Some(&self.bearer), &self.call).await;
        if mine.status >= 500 || mine.tells_nothing_but_where(&self.unknown) {
            let fault = format!("{}\n  one's own: {mine:?}", self.cell);
            report.faults.push(fault);
        }
    }
}

/// Calls an operation in one's own name with another's id in its body, and with nobody's.
async fn by_body<'o>(
    world: &World,
    all: &Tenants,
    operation: &'o Operation,
    case: &Case,
    report: &mut Report,
) -> Control<'o> {
    let kind = operation.of_body.iter().find(|(at, _)| at == case.at);
    let (_, kind) = kind.unwrap_or_else(|| panic!("{} takes no id at {}", operation.id, case.at));
    // Where more is asked of it than to be one's own.
    let fitting = match (case.asker, case.at) {
        (Asker::Customer, "/partner_id" | "/except_partner_ids/*") => "peer",
        (Asker::Customer, "/through") => "later",
        (Asker::Sharing, "/replace/*") => "other",
        (Asker::Customer, "/tender_id") => "awarded",
        (Asker::Partner, "/customer_id") => "customer",
        (Asker::Partner, "/items/*/product_ids/*") => "managed",
        _ => kind,
    };
    let known = [&all.weiss, &all.lumen]
        .into_iter()
        .find_map(|tenant| tenant.find(fitting).or(tenant.find(kind)));
    let known = known.unwrap_or_else(|| panic!("no tenant has a {kind}: make one in tenants.rs"));
    let mine = |kind: &str| own(case.asker, all, kind);
    let call = |id: String| Call {
        operation,
        ids: operation.kinds().into_iter().map(mine).collect(),
        query: None,
        body: Some(body(operation, case, &id, mine)),
        rehearsed: operation.can_be_rehearsed,
        named: vec![id],
    };
    let (who, expected): (&str, &[u16]) = match case.asker {
        Asker::Staff => ("anna", &[403]),
        Asker::Customer if operation.id.starts_with("check_access") => ("anna", &[200, 404]),
        Asker::Customer => ("anna", &[403, 404, 409, 422]),
        Asker::Sharing => ("ben", &[404, 409, 422]),
        Asker::Partner => ("jonas", &[404, 409, 422]),
    };
    let bearer = world.token(who).await;
    let seen = both(
        world,
        Some(&bearer),
        &call(known.to_owned()),
        &call(nobodys(kind)),
    )
    .await;
    let cell = format!("{} with {}", operation.id, case.at);
    report.judge(cell.clone(), &seen, expected);
    report
        .ids
        .insert((operation.id.clone(), case.at.to_owned()));
    Control {
        cell,
        bearer,
        call: call(mine(fitting)),
        unknown: seen.1,
    }
}

#[test]
fn acc_1_an_id_in_a_body_that_is_anothers_is_as_unknown_as_nobodys() {
    on_each_engine_with(&settings(), async |world| {
        let all = furnish(world).await;
        let operations = operations(world).await;
        let (mut report, mut controls, cases) = (Report::default(), Vec::new(), cases());
        let of_bodies = operations.iter().filter(|one| !one.of_body.is_empty());
        for operation in of_bodies.clone() {
            for (at, _) in &operation.of_body {
                let tells_nothing = TELLS_NOTHING
                    .iter()
                    .any(|(of, place, _)| *of == operation.id && place == at);
                let of = |case: &&Case| case.operation == operation.id && case.at == at;
                match cases.iter().find(of) {
                    Some(case) => {
                        let control = by_body(world, &all, operation, case, &mut report).await;
                        let decides = case.asker != Asker::Staff && !tells_nothing;
                        controls.extend(decides.then_some(control));
                    }
                    None => assert!(
                        tells_nothing,
                        "say in bodies.rs how {} is asked about another's id at {at}",
                        operation.id
                    ),
                }
            }
        }
        for control in controls {
            control.judge(world, &mut report).await;
        }
        report.end("bodies", of_bodies.count());
    });
}

#[test]
fn acc_1_an_id_in_the_query_that_is_anothers_is_as_unknown_as_nobodys() {
    on_each_engine_with(&settings(), async |world| {
        let all = furnish(world).await;
        let operations = operations(world).await;
        let mut report = Report::default();
        let of_queries = operations.iter().filter(|one| !one.of_query.is_empty());
        for operation in of_queries.clone() {
            for (who, asker) in [("anna", Asker::Customer), ("jonas", Asker::Partner)] {
                let bearer = world.token(who).await;
                for (name, kind) in &operation.of_query {
                    let mine = |kind: &str| own(asker, &all, kind);
                    let call = |id: String| Call {
                        operation,
                        ids: operation.kinds().into_iter().map(mine).collect(),
                        query: Some((name, id.clone())),
                        body: None,
                        rehearsed: false,
                        named: vec![id],
                    };
                    let known = all.weiss.find(kind).expect("the tenant has one").to_owned();
                    let seen = both(world, Some(&bearer), &call(known), &call(nobodys(kind))).await;
                    let cell = format!("{}?{name}= by {who}", operation.id);
                    let expected: &[u16] = match operation.is_the_staffs() {
                        true => &[403],
                        // A filter finds nothing, and a place to act in is not there.
                        false => &[200, 404],
                    };
                    report.judge(cell, &seen, expected);
                    report.ids.insert((operation.id.clone(), name.clone()));
                }
            }
        }
        report.end("queries", of_queries.count());
    });
}

#[test]
fn inv_6_what_is_public_is_so_for_everyone() {
    on_each_engine_with(&settings(), async |world| {
        let all = furnish(world).await;
        let visit = async |path: String| world.send(TestRequest::get().uri(&path)).await;
        for (family, tenant) in [
            ("invitation-links", &all.sommer),
            ("member-invitation-links", &all.weiss),
            ("tender-links", &all.weiss),
        ] {
            assert!(is_key(family));
            let token = tenant.find(family).expect("a link");
            visit(format!("/v1/{family}/{token}")).await.expect(200);
            let unknown = token.chars().rev().collect::<String>();
            visit(format!("/v1/{family}/{unknown}")).await.expect(404);
        }
        let lumen = all.lumen.find("org").expect("an organization");
        visit(format!("/v1/directory/partners/{lumen}"))
            .await
            .expect(200);
        // Named without being told, and still no secret: the answer shows it.
        let nordwerk = all.nordwerk.find("org").expect("an organization");
        let path = format!("/v1/organizations/{nordwerk}/invitations?dry_run=true");
        let asked = json!({
            "customer_organization_id": all.weiss.find("org"),
            "requested_access": full("customer"),
        });
        let request = TestRequest::post().uri(&path).set_json(asked);
        let invited = world.ask("jonas", request).await.expect(201);
        assert_eq!(invited.text_of("/customer/name"), "Praxis Weiss");
    });
}
