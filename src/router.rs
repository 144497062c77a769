//! Every path that the server answers, on one page.

use crate::app::App;
use crate::endpoints::cookie::OverTls;
use crate::endpoints::{
    Problem, api_keys, appointments, audit, calendar, carts, consent_texts, days_off, health, join, link_check, live,
    media_addresses, message_delivery, messages, metrics, oidc, openapi, pages, pairing, patients, problem,
    reconfirmation, referrals, schedules, security_headers, session, sites, slots, specialties, users, visit, waitlist,
    websocket,
};
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use axum::routing::get;
use axum::{Extension, Router};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Request bodies are small JSON objects; a conclusion is the longest.
const MAX_BODY_BYTES: usize = 64 * 1024;

pub fn router(app: Arc<App>, over_tls: OverTls) -> Router {
    let (api, description) =
        OpenApiRouter::with_openapi(openapi::description()).nest("/api/v1", api()).split_for_parts();
    let description = openapi::Written::of(description);
    Router::new()
        .merge(api.layer(map_response(security_headers::keep_nowhere)))
        .route("/ws", get(websocket::upgrade))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::scrape))
        .fallback(pages::serve)
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(Extension(over_tls))
        .layer(Extension(description))
        .layer(from_fn(problem::translate))
        .layer(map_response(security_headers::add))
        .with_state(app)
}

/// Below `/api/v1`: each handler names its own path and method, for the router and for the description at once.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .merge(administration())
        .merge(visits())
        .merge(waiting())
        .routes(routes!(session::me, session::sign_in, session::sign_out))
        .routes(routes!(session::change_password))
        .routes(routes!(oidc::providers))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(pairing::cart_session))
        .routes(routes!(join::join))
        .routes(routes!(link_check::means, link_check::report))
        .routes(routes!(link_check::send_sample, link_check::receive_sample))
        .routes(routes!(link_check::try_out))
        .routes(routes!(live::live))
        .routes(routes!(media_addresses::read))
        .routes(routes!(openapi::read))
        .routes(routes!(appointments::list, appointments::book))
        .routes(routes!(appointments::find))
        .routes(routes!(appointments::apply))
        .routes(routes!(appointments::place))
        .routes(routes!(appointments::send_message))
        .routes(routes!(patients::search, patients::create))
        .routes(routes!(patients::find, patients::update))
        .routes(routes!(referrals::list, referrals::create))
        .routes(routes!(referrals::find))
        .routes(routes!(referrals::apply))
        .routes(routes!(slots::search))
        .routes(routes!(slots::hold, slots::release))
        .routes(routes!(slots::block))
        .routes(routes!(slots::open))
        .routes(routes!(message_delivery::report))
        .routes(routes!(calendar::subscribe))
        .routes(routes!(calendar::read))
}

/// Who and what there is to book with.
fn administration() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sites::list, sites::create))
        .routes(routes!(sites::find, sites::update))
        .routes(routes!(link_check::of_site))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::find, users::update))
        .routes(routes!(users::reset_password))
        .routes(routes!(carts::list, carts::create))
        .routes(routes!(carts::find, carts::update))
        .routes(routes!(carts::heartbeat))
        .routes(routes!(carts::check))
        .routes(routes!(pairing::offer, pairing::end))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(specialties::list))
        .routes(routes!(schedules::list, schedules::create))
        .routes(routes!(schedules::find, schedules::update, schedules::delete))
        .routes(routes!(schedules::list_exceptions, schedules::create_exception))
        .routes(routes!(schedules::delete_exception))
        .routes(routes!(audit::list))
        .routes(routes!(audit::chain))
        .routes(routes!(messages::list))
}

/// Who waits, who is called, and what a cancelled day does.
fn waiting() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(waitlist::list, waitlist::join))
        .routes(routes!(waitlist::leave))
        .routes(routes!(waitlist::calls))
        .routes(routes!(waitlist::offer))
        .routes(routes!(waitlist::answer))
        .routes(routes!(reconfirmation::list))
        .routes(routes!(reconfirmation::call))
        .routes(routes!(days_off::take))
}

/// From the door of a visit to its conclusion.
fn visits() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(appointments::join::join))
        .routes(routes!(appointments::links::create_link))
        .routes(routes!(appointments::links::revoke_link))
        .routes(routes!(appointments::consents::add_consent))
        .routes(routes!(
            appointments::conclusion::read_conclusion,
            appointments::conclusion::write_conclusion,
            appointments::conclusion::add_to_conclusion
        ))
        .routes(routes!(consent_texts::list, consent_texts::add))
        .routes(routes!(visit::read))
        .routes(routes!(visit::confirm))
        .routes(routes!(visit::cancel))
        .routes(routes!(visit::consent))
        .routes(routes!(visit::check_in))
        .routes(routes!(visit::join))
        .routes(routes!(visit::survey))
        .routes(routes!(visit::read_offer, visit::answer_offer))
}
