//! The document and its pages: `/openapi.json`, `/openapi-3.0.json`, and Swagger UI under `/docs/`.
use actix_web::http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, guard};
use aws_lc_rs::digest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Serves both documents, printed once at the start, and the pages that show the first. Nothing is
/// fetched from elsewhere.
pub fn routes(cfg: &mut ServiceConfig, newest: Bytes, older: Bytes) {
    let pages = Config::new(["/openapi.json"])
        // Its default sends the document to a stranger.
        .validator_url("none")
        .persist_authorization(true)
        .try_it_out_enabled(true)
        .display_request_duration(true)
        .display_operation_id(true)
        .filter(true);
    document(cfg, "/openapi.json", newest);
    document(cfg, "/openapi-3.0.json", older);
    cfg.service(web::redirect("/", "/docs/").see_other())
        .service(web::redirect("/docs", "/docs/").see_other())
        .service(SwaggerUi::new("/docs/{_:.*}").config(pages));
}

/// Serves bytes that never change while the server runs.
fn document(cfg: &mut ServiceConfig, path: &str, bytes: Bytes) {
    let hash = digest::digest(&digest::SHA256, &bytes);
    let tag = EntityTag::new_strong(BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..12]));
    let answer = move |request: HttpRequest| {
        let same = match request.get_header() {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(&tag)),
            None => false,
        };
        let mut answer = if same {
            HttpResponse::NotModified()
        } else {
            HttpResponse::Ok()
        };
        answer
            .insert_header((ETAG, tag.clone()))
            .insert_header((CACHE_CONTROL, "no-cache"));
        let answer = if same {
            answer.finish()
        } else {
            answer.content_type("application/json").body(bytes.clone())
        };
        async move { answer }
    };
    // Other methods fall through to the default service, which knows how a refusal looks.
    let reads = guard::Any(guard::Get()).or(guard::Head());
    cfg.service(web::resource(path).guard(reads).to(answer));
}
