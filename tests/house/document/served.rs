//! The document and its pages, as they are served.
use actix_web::body::to_bytes;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, dev::ServiceResponse, web::Bytes};

async fn ask(request: TestRequest) -> ServiceResponse {
    let (newest, older) = (
        Bytes::from_static(b"{\"openapi\":\"3.1.0\"}"),
        Bytes::from_static(b"{\"openapi\":\"3.0.3\"}"),
    );
    let app = App::new().configure(|cfg| mandat::api::docs::routes(cfg, newest, older));
    call_service(&init_service(app).await, request.to_request()).await
}

fn header(answer: &ServiceResponse, name: header::HeaderName) -> &str {
    let value = answer
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

async fn text(answer: ServiceResponse) -> String {
    let body = to_bytes(answer.into_body()).await.unwrap_or_default();
    String::from_utf8_lossy(&body).into_owned()
}

#[actix_web::test]
async fn both_documents_are_served_and_not_sent_twice() {
    for (path, body) in [
        ("/openapi.json", "{\"openapi\":\"3.1.0\"}"),
        ("/openapi-3.0.json", "{\"openapi\":\"3.0.3\"}"),
    ] {
        let answer = ask(TestRequest::get().uri(path)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(header(&answer, header::CONTENT_TYPE), "application/json");
        let tag = header(&answer, header::ETAG).to_owned();
        assert_eq!(text(answer).await, body);
        let again = ask(TestRequest::get()
            .uri(path)
            .insert_header((header::IF_NONE_MATCH, tag.as_str())))
        .await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header(&again, header::ETAG), tag);
        assert_eq!(text(again).await, "");
        let other = ask(TestRequest::get()
            .uri(path)
            .insert_header((header::IF_NONE_MATCH, "\"other\"")))
        .await;
        assert_eq!(other.status(), StatusCode::OK);
        let head = ask(TestRequest::default().method(Method::HEAD).uri(path)).await;
        assert_eq!(head.status(), StatusCode::OK);
    }
}

#[actix_web::test]
async fn the_root_leads_to_the_pages() {
    for path in ["/", "/docs"] {
        let answer = ask(TestRequest::get().uri(path)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert_eq!(header(&answer, header::LOCATION), "/docs/");
    }
}

#[actix_web::test]
async fn the_pages_need_nobody_else() {
    let answer = ask(TestRequest::get().uri("/docs/")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let page = text(answer).await;
    assert!(
        page.contains("swagger-ui-bundle.js")
            && !page.contains("http://")
            && !page.contains("https://"),
        "{page}"
    );
    let start = text(ask(TestRequest::get().uri("/docs/swagger-initializer.js")).await).await;
    for setting in [
        r#""url": "/openapi.json""#,
        r#""validatorUrl": "none""#,
        r#""persistAuthorization": true"#,
        r#""tryItOutEnabled": true"#,
    ] {
        assert!(start.contains(setting), "{setting} is not in {start}");
    }
    assert_eq!(
        ask(TestRequest::get().uri("/docs/swagger-ui-bundle.js"))
            .await
            .status(),
        StatusCode::OK
    );
}
