//! Forms, their tokens, and the message after them.

use super::*;

#[actix_web::test]
async fn a44_a_form_needs_the_token_of_its_own_session() {
    assert_eq!(ask(false, form("csrf=TOKEN&title=x")).await.status, 303);
    let other = csrf::token_for("another session");
    for body in [
        "title=x".to_owned(),
        "csrf=&title=x".to_owned(),
        format!("csrf={other}&title=x"),
    ] {
        let answer = ask(false, form(&body)).await;
        assert_eq!(answer.status, 403, "{body}");
        assert!(answer.body.contains("The form is too old"), "{body}");
    }
}

#[actix_web::test]
async fn a44_a_change_must_come_from_a_page_of_this_site() {
    let from = |name: &'static str, value: &'static str| {
        let body = format!("csrf={}&title=x", csrf::token_for(SESSION));
        TestRequest::post()
            .uri("/notes")
            .set_payload(body)
            .cookie(Cookie::new("ates_session", SESSION))
            .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .insert_header((name, value))
    };
    for (name, value, status) in [
        ("sec-fetch-site", "same-origin", 303),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "none", 403),
        ("origin", "http://ates.example:8080", 303),
        ("origin", "http://ates.example", 403),
        ("origin", "null", 403),
        ("accept", "text/html", 403),
    ] {
        assert_eq!(
            ask(false, from(name, value)).await.status,
            status,
            "{name}: {value}"
        );
    }
    let both =
        from("sec-fetch-site", "cross-site").insert_header(("origin", "http://ates.example:8080"));
    assert_eq!(ask(false, both).await.status, 403);
}

#[actix_web::test]
async fn a44_the_log_in_form_is_bound_to_a_cookie_too() {
    let page = ask(true, TestRequest::get().uri("/notes")).await;
    let cookie = page.cookie("__Host-ates_visit").unwrap().to_owned();
    for attribute in ["Path=/", "HttpOnly", "Secure", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let secret = cookie.split(';').next().unwrap();
    assert_eq!(
        page.attribute("input[name=csrf]", "value"),
        csrf::token_for(secret)
    );
    let again = ask(
        true,
        TestRequest::get()
            .uri("/notes")
            .cookie(Cookie::new("__Host-ates_visit", secret.to_owned())),
    )
    .await;
    assert_eq!(again.cookie("__Host-ates_visit"), None);
    assert_eq!(
        again.attribute("input[name=csrf]", "value"),
        csrf::token_for(secret)
    );
}

#[actix_web::test]
async fn a_form_with_errors_comes_back_as_itself() {
    let page = ask(false, form("csrf=TOKEN&title=")).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.text(".error-summary h2"), "There is a problem");
    assert_eq!(page.attribute(".error-summary a", "href"), "#title");
    assert_eq!(page.attribute("#title", "aria-invalid"), "true");
    assert!(
        page.text(&format!(
            "#{}",
            page.attribute("#title", "aria-describedby")
        ))
        .contains("This is needed")
    );
}

#[actix_web::test]
async fn a45_a54_bodies_that_do_not_fit_are_refused() {
    let long = format!("csrf=TOKEN&title={}", "x".repeat(FORM_LIMIT));
    for (body, status) in [
        ("csrf=TOKEN&title=x&price=1", 422),
        ("csrf=TOKEN", 422),
        ("csrf=TOKEN&title=a%00b", 422),
        (&long, 413),
    ] {
        assert_eq!(
            ask(false, form(body)).await.status,
            status,
            "{}",
            &body[..body.len().min(40)]
        );
    }
    let json = form("{}").insert_header((header::CONTENT_TYPE, "text/plain"));
    assert_eq!(ask(false, json).await.status, 415);
}

#[actix_web::test]
async fn a_flash_message_is_shown_once() {
    let answer = ask(false, form("csrf=TOKEN&title=x")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/notes"));
    let cookie = answer
        .cookie("ates_flash")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = ask(
        false,
        signed_in(TestRequest::get().uri("/notes")).cookie(Cookie::new("ates_flash", cookie)),
    )
    .await;
    assert_eq!(page.text(".flash"), "Try again in 3 seconds. Home");
    assert_eq!(page.attribute(".flash", "role"), "status");
    assert!(page.cookie("ates_flash").unwrap().contains("Max-Age=0"));
    let forged = ask(
        false,
        signed_in(TestRequest::get().uri("/notes")).cookie(Cookie::new("ates_flash", "e30")),
    )
    .await;
    assert_eq!((forged.status, forged.text(".flash").as_str()), (200, ""));
}
