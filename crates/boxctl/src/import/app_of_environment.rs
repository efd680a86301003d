//! The Box app of a grant whose file does not name it: `BOX_CLIENT_ID` and `BOX_CLIENT_SECRET`.

use boxd_client::Secret;

use crate::failure::Failure;

/// Client id and secret. The secret may be missing: the config may have it. `what` lacks them.
pub(super) fn app(what: &str) -> Result<(String, Option<Secret>), Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(client_id) = variable("BOX_CLIENT_ID") else {
        return Err(Failure::usage(
            format!("{what} does not say to which Box app its grant was issued"),
            "set BOX_CLIENT_ID and BOX_CLIENT_SECRET to that app's, and import again (the secret may be left to \
             the account's entry in the config)",
        ));
    };
    Ok((client_id, variable("BOX_CLIENT_SECRET").map(Secret::new)))
}
