//! Programs that know the secrets.

use super::*;
use crate::token_endpoint::answer;

const CHECKS_AT_ONCE: usize = answer::CHECKS_AT_ONCE as usize;

#[tokio::test(start_paused = true)]
async fn a_program_renews_by_body_or_by_header() {
    let endpoint = Account::new().open(None);
    let told = endpoint.told();
    let (id, secret, refresh) = (&told.client_id, told.client_secret.expose(), told.refresh_token.expose());
    let short = format!("grant_type=refresh_token&refresh_token={refresh}");
    let by_body = post(told, "", &form(told)).await;
    let by_header = post(told, &basic(id, secret), &short).await;
    let by_both = post(told, &basic(id, secret), &form(told)).await;
    let encoded =
        post(told, &basic(&id.replace('-', "%2D"), secret), &format!("{short}&scope=&x=1&x=2")).await;
    for answer in [by_body, by_header, by_both, encoded] {
        assert_eq!(answer.access(), "access-1");
        assert_eq!(answer.body["token_type"], "bearer");
        assert_eq!(answer.body["expires_in"], 1, "never 0, which some take for never");
        assert_eq!(answer.body["refresh_token"], refresh, "the same again");
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_the_program_has_is_renewed_only_where_box_refuses_it() {
    let account = Account::new();
    let endpoint = account.open(Some(1));
    let told = endpoint.told();
    for checks in 1..=CHECKS_AT_ONCE {
        assert_eq!(post(told, "", &form(told)).await.access(), "access-1", "Box takes it");
        assert_eq!(account.checks(), checks);
    }
    account.0.refused.store(1, Ordering::Relaxed);
    for _ in 0..100 {
        assert_eq!(post(told, "", &form(told)).await.access(), "access-1", "Box was asked often enough");
    }
    assert_eq!(account.checks(), CHECKS_AT_ONCE);

    account.pass(29);
    assert_eq!(post(told, "", &form(told)).await.access(), "access-1");
    account.pass(1);
    assert_eq!(post(told, "", &form(told)).await.access(), "access-2");
    assert_eq!((account.checks(), account.generation()), (CHECKS_AT_ONCE + 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_new_to_the_program_is_handed_out_without_a_question() {
    let account = Account::new();
    let endpoint = account.open(Some(1));
    let told = endpoint.told();
    for generation in 2..5 {
        account.pass(3600);
        account.0.generation.store(generation, Ordering::Relaxed);
        assert_eq!(post(told, "", &form(told)).await.access(), format!("access-{generation}"));
    }
    assert_eq!(account.checks(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_keeps_boxd_from_handing_out_a_token_is_told_as_oauth_tells_it() {
    let account = Account::new();
    let endpoint = account.open(None);
    for (code, expected) in [
        (Code::LoginRequired, (400, "invalid_grant")),
        (Code::ActionRequired, (400, "invalid_grant")),
        (Code::UnknownAccount, (400, "invalid_grant")),
        (Code::InvalidScope, (400, "invalid_scope")),
        (Code::Denied, (400, "unauthorized_client")),
        (Code::Unavailable, (503, "temporarily_unavailable")),
        (Code::Internal, (500, "server_error")),
    ] {
        account.fail(code);
        let answer = post(endpoint.told(), "", &form(endpoint.told())).await;
        assert_eq!(answer.error(), expected, "{code}");
        let description = answer.body["error_description"].as_str().unwrap();
        assert!(
            description.contains("work") && description.ends_with("b?x 'says' no; next: wait"),
            "{description}"
        );
        assert!(answer.head.contains("retry-after: 7"), "{}", answer.head);
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_gone_with_its_value_and_can_be_opened_again_as_it_was() {
    let account = Account::new();
    let endpoint = account.open(None);
    let told = endpoint.told().clone();
    let idle = TcpStream::connect(host(&told)).await.unwrap();
    assert_eq!(post(&told, "", &form(&told)).await.access(), "access-1");
    drop(endpoint);
    // The task ends at its next turn.
    while TcpStream::connect(host(&told)).await.is_ok() {
        tokio::task::yield_now().await;
    }
    drop(idle);
    let again = OpenEndpoint::open(account, None, Some(&told)).unwrap();
    assert_eq!(again.told(), &told);
    assert_eq!(post(&told, "", &form(&told)).await.access(), "access-1");
}

#[tokio::test(start_paused = true)]
async fn where_box_is_silent_the_token_comes_all_the_same_and_soon() {
    let account = Account::new();
    let endpoint = account.open(Some(1));
    let told = endpoint.told();
    account.0.is_silent.store(true, Ordering::Relaxed);
    let begun = tokio::time::Instant::now();
    let (ask, headers) = (form(told), "");
    let answers =
        tokio::join!(post(told, headers, &ask), post(told, headers, &ask), post(told, headers, &ask));
    for answer in [answers.0, answers.1, answers.2] {
        assert_eq!(answer.access(), "access-1");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(account.checks(), 1, "those who come together ask once");
}
