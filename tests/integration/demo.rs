//! The first command on a new machine: a clinic whose people can sign in, and a flag that leaves it out.

use crate::staff::Staff;
use crate::test_app::TestApp;

#[tokio::test]
async fn the_made_up_clinics_people_sign_in_with_the_printed_password() {
    let app = TestApp::start_with(&[("KENES_DEMO_SEED", "true")]).await;
    for (login, role) in [("aigul", "nurse"), ("daniyar", "specialist"), ("ruslan", "admin")] {
        assert_eq!(app.link(login), role);
        let person = Staff::sign_in(app.address(), login, app.link("password")).await;
        let me = person.get("/session").await.json();
        assert_eq!(me["roles"], serde_json::json!([role]));
        assert_eq!(me["must_change_password"], false);
    }
}

#[tokio::test]
async fn without_the_flag_nobody_is_made_up() {
    let app = TestApp::start_with(&[("KENES_DEMO_SEED", "false")]).await;
    let admin = app.admin().await;
    assert_eq!(admin.get("/session").await.status, 200);
    assert!(Staff::try_sign_in(app.address(), "aigul", "anything at all").await.status >= 400);
}
