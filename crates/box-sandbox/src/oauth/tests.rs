//! How grants behave in the four moods, on a clock of numbers.

use super::*;

const START: i64 = 1_800_000_000;
const LIFE: i64 = 3600;

/// A provider with one client that knows its credentials, and the time.
struct Play {
    provider: Provider,
    now: i64,
}

impl Play {
    fn new(replay: Replay, old_token: OldToken) -> Self {
        let lifetimes = Lifetimes { access: Some(LIFE.unsigned_abs()), ..Lifetimes::default() };
        let provider = Provider::new(Mood { replay, old_token }, lifetimes, 3, Mint::seeded(7));
        Self { provider, now: START }
    }

    fn form(&self, parameters: &[(&str, &str)]) -> Form {
        let client = self.provider.client();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("client_id", client.id()), ("client_secret", client.secret())])
            .extend_pairs(parameters)
            .finish();
        Form::parse(Some("application/x-www-form-urlencoded"), body.as_bytes())
    }

    fn grant(&mut self) -> GrantView {
        self.provider.open_grant(self.now, true)
    }

    fn refresh(&mut self, refresh_token: &str) -> Result<TokenAnswer, OAuthError> {
        let form = self.form(&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]);
        self.provider.token(self.now, &form, None)
    }

    fn revoke(&mut self, token: &str) {
        let form = self.form(&[("token", token)]);
        self.provider.revoke(self.now, &form, None).unwrap();
    }

    fn works(&mut self, access_token: &str) -> bool {
        self.provider.user(self.now, access_token).is_some()
    }
}

fn refresh_token(answer: &TokenAnswer) -> &str {
    answer.refresh_token.as_deref().unwrap()
}

const DEAD: Result<TokenAnswer, OAuthError> = Err(OAuthError::DEAD_REFRESH_TOKEN);

#[test]
fn window_gives_the_same_pair_until_the_new_access_token_is_used() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let first = play.grant();
    let second = play.refresh(&first.refresh_token).unwrap();
    play.now += 100;
    let again = play.refresh(&first.refresh_token).unwrap();
    assert_eq!(again, TokenAnswer { expires_in: second.expires_in - 100, ..second.clone() });
    assert!(play.works(first.access_token.as_deref().unwrap()), "the old access token lives in the window");

    assert!(play.works(&second.access_token));
    assert_eq!(play.refresh(&first.refresh_token), DEAD);
    assert!(!play.works(first.access_token.as_deref().unwrap()));
    assert!(play.refresh(refresh_token(&second)).is_ok());
}

#[test]
fn a_refresh_with_the_new_refresh_token_closes_the_window_too() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let first = play.grant();
    let second = play.refresh(&first.refresh_token).unwrap();
    let third = play.refresh(refresh_token(&second)).unwrap();
    assert_eq!(play.refresh(&first.refresh_token), DEAD);
    assert!(!play.works(first.access_token.as_deref().unwrap()), "at most two access tokens live");
    assert!(play.works(&second.access_token));
    assert!(play.works(&third.access_token));
    assert!(!play.works(&second.access_token));
}

#[test]
fn a_pair_that_expired_unused_is_replayed_as_expired() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let first = play.grant();
    let second = play.refresh(&first.refresh_token).unwrap();
    play.now += LIFE + 1;
    assert_eq!(play.refresh(&first.refresh_token).unwrap().expires_in, 0);
    assert!(!play.works(&second.access_token));
}

#[test]
fn strict_kills_a_refresh_token_with_its_use_and_leaves_the_access_token() {
    let mut play = Play::new(Replay::Strict, OldToken::FirstUse);
    let first = play.grant();
    let second = play.refresh(&first.refresh_token).unwrap();
    assert_eq!(play.refresh(&first.refresh_token), DEAD);
    assert!(play.works(first.access_token.as_deref().unwrap()));
    assert!(play.works(&second.access_token));
    assert!(!play.works(first.access_token.as_deref().unwrap()));
}

#[test]
fn at_once_kills_the_old_access_token_with_the_refresh() {
    for replay in [Replay::Window, Replay::Strict] {
        let mut play = Play::new(replay, OldToken::AtOnce);
        let first = play.grant();
        let second = play.refresh(&first.refresh_token).unwrap();
        assert!(!play.works(first.access_token.as_deref().unwrap()), "{replay:?}");
        assert_eq!(play.refresh(&first.refresh_token).is_ok(), replay == Replay::Window);
        assert!(play.works(&second.access_token));
    }
}

#[test]
fn strict_from_now_on_closes_a_window_that_is_open() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let first = play.grant();
    play.refresh(&first.refresh_token).unwrap();
    play.provider.mood.replay = Replay::Strict;
    assert_eq!(play.refresh(&first.refresh_token), DEAD);
}

#[test]
fn sixty_days_slide_with_each_refresh() {
    let days = 24 * 60 * 60;
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let mut token = play.grant().refresh_token;
    for _ in 0..3 {
        play.now += 60 * days - 1;
        token = refresh_token(&play.refresh(&token).unwrap()).to_owned();
    }
    play.now += 60 * days;
    assert_eq!(play.refresh(&token), Err(OAuthError::EXPIRED_REFRESH_TOKEN));
}

#[test]
fn revoking_either_token_ends_the_grant() {
    for pick in [refresh_token as fn(&TokenAnswer) -> &str, |answer| &answer.access_token] {
        let mut play = Play::new(Replay::Window, OldToken::FirstUse);
        let first = play.grant();
        let second = play.refresh(&first.refresh_token).unwrap();
        play.revoke(pick(&second));
        assert_eq!(play.refresh(refresh_token(&second)), DEAD);
        assert_eq!(play.refresh(&first.refresh_token), DEAD);
        assert!(!play.works(&second.access_token));
        assert!(!play.works(first.access_token.as_deref().unwrap()));
    }
}

#[test]
fn revoking_a_dead_or_unknown_token_ends_nothing() {
    let mut play = Play::new(Replay::Strict, OldToken::AtOnce);
    let first = play.grant();
    let second = play.refresh(&first.refresh_token).unwrap();
    play.revoke(&first.refresh_token);
    play.revoke("never-issued");
    assert!(play.works(&second.access_token));
}

#[test]
fn wrong_credentials_touch_nothing() {
    let mut play = Play::new(Replay::Strict, OldToken::AtOnce);
    let grant = play.grant();
    let form = play.form(&[("grant_type", "refresh_token"), ("refresh_token", &grant.refresh_token)]);
    let refused = Err(OAuthError::BAD_CLIENT);
    assert_eq!(play.provider.token(play.now, &form, Some("Basic YTpi")), refused);
    play.provider.set_client_secret("new".to_owned());
    assert_eq!(play.provider.token(play.now, &form, None), refused);
    assert_eq!(play.provider.revoke(play.now, &form, None), Err(OAuthError::BAD_CLIENT));
    assert!(play.refresh(&grant.refresh_token).is_ok());
}

#[test]
fn a_missing_parameter_is_named_as_box_names_it() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let no_token = play.form(&[("grant_type", "refresh_token")]);
    assert_eq!(play.provider.token(play.now, &no_token, None), Err(OAuthError::NO_REFRESH_TOKEN));
    for grant_type in ["", "password"] {
        let form = play.form(&[("grant_type", grant_type)]);
        assert_eq!(play.provider.token(play.now, &form, None), Err(OAuthError::BAD_GRANT_TYPE));
    }
}

#[test]
fn lengths_and_lives_are_those_of_box() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    play.provider.lifetimes.access = None;
    let mut token = play.grant().refresh_token;
    let mut lives = Vec::new();
    for _ in 0..50 {
        let answer = play.refresh(&token).unwrap();
        assert_eq!((answer.access_token.len(), refresh_token(&answer).len()), (32, 64));
        lives.push(answer.expires_in);
        refresh_token(&answer).clone_into(&mut token);
    }
    assert!(lives.iter().all(|life| (3600..=4200).contains(life)));
    lives.dedup();
    assert!(lives.len() > 1, "they vary");
}

#[test]
fn a_bare_access_token_works_until_it_ends() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let answer = play.provider.open_bare(play.now, Some(10));
    assert_eq!((answer.expires_in, &answer.refresh_token), (10, &None));
    assert!(play.works(&answer.access_token));
    play.now += 10;
    assert!(!play.works(&answer.access_token));
}

#[test]
fn flights_are_counted_at_their_height() {
    let mut play = Play::new(Replay::Window, OldToken::FirstUse);
    let id = play.grant().grant;
    let flights = [(); 3].map(|()| play.provider.begin_flight(id).unwrap());
    for flight in flights {
        play.provider.end_flight(flight);
    }
    let view = play.provider.grants(play.now).remove(0);
    assert_eq!((view.in_flight, view.max_in_flight), (0, 3));
}
