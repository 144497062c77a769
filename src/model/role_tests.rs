//! One test per row of the table of roles: what the role may, how far, and that it may nothing else.

use super::*;

/// `expected` as "right reach" words; everything unnamed must be refused.
fn assert_row(role: Role, expected: &[(&str, Reach)]) {
    for right in Right::ALL {
        let wanted = expected.iter().find(|(word, _)| *word == right.as_str()).map(|(_, reach)| *reach);
        assert_eq!(role.reach(*right), wanted, "{role} {right}");
    }
    assert!(expected.iter().all(|(word, _)| word.parse::<Right>().is_ok()), "a word of {role}'s row is no right");
}

#[test]
fn a_nurse_books_for_her_site_and_writes_no_conclusion() {
    let rights = [
        ("patients:read", Site),
        ("patients:write", Site),
        ("referrals:read", Site),
        ("referrals:write", Site),
        ("schedules:read", Everywhere),
        ("appointments:read", Site),
        ("appointments:write", Site),
        ("conclusions:read", Site),
        ("waitlist:work", Site),
        ("reconfirmation:work", Site),
        ("consent:give", Site),
        ("links:write", Site),
        ("carts:check", Site),
    ];
    assert_row(Role::Nurse, &rights);
}

#[test]
fn a_specialist_has_his_own_visits_and_nothing_beyond() {
    let rights = [
        "patients:read",
        "referrals:read",
        "schedules:read",
        "schedules:write",
        "appointments:read",
        "appointments:write",
        "conclusions:write",
        "conclusions:read",
        "links:write",
    ];
    assert_row(Role::Specialist, &rights.map(|right| (right, Own)));
}

#[test]
fn a_family_doctor_refers_and_reads_what_came_of_it() {
    let rights = [
        "patients:read",
        "patients:write",
        "referrals:read",
        "referrals:write",
        "appointments:read",
        "conclusions:read",
    ];
    assert_row(Role::FamilyDoctor, &rights.map(|right| (right, Own)));
}

#[test]
fn an_operator_works_his_own_call_list_and_books_for_the_centre() {
    let rights = [
        ("patients:read", Site),
        ("patients:write", Site),
        ("referrals:read", Site),
        ("schedules:read", Everywhere),
        ("appointments:read", Site),
        ("appointments:write", Site),
        ("consent:give", Site),
        ("links:write", Site),
        ("monitoring:work", Own),
    ];
    assert_row(Role::Operator, &rights);
}

#[test]
fn a_senior_leads_the_shift_and_repairs_bookings_everywhere() {
    let rights = [
        ("patients:read", Site),
        ("referrals:read", Site),
        ("schedules:read", Everywhere),
        ("appointments:read", Everywhere),
        ("appointments:write", Everywhere),
        ("waitlist:work", Everywhere),
        ("links:write", Site),
        ("monitoring:work", Site),
        ("monitoring:lead", Site),
        ("reports:read", Site),
    ];
    assert_row(Role::Senior, &rights);
}

#[test]
fn a_contact_operator_reconfirms_and_refills_across_the_region() {
    let rights = [
        "patients:read",
        "schedules:read",
        "appointments:read",
        "appointments:write",
        "waitlist:work",
        "reconfirmation:work",
    ];
    assert_row(Role::ContactOperator, &rights.map(|right| (right, Everywhere)));
}

#[test]
fn a_manager_reads_reports_and_sees_no_patient() {
    assert_row(Role::Manager, &[("schedules:read", Everywhere), ("reports:read", Everywhere)]);
}

#[test]
fn an_admin_runs_the_system_and_reads_no_medical_text() {
    let rights = [
        "schedules:read",
        "schedules:write",
        "appointments:read",
        "appointments:write",
        "carts:check",
        "reports:read",
        "sites:write",
        "users:write",
        "carts:write",
        "texts:write",
        "audit:read",
    ];
    assert_row(Role::Admin, &rights.map(|right| (right, Everywhere)));
}

#[test]
fn an_integrator_sends_referrals_and_gets_back_what_became_of_his() {
    let rights = ["patients:write", "referrals:read", "referrals:write", "appointments:read", "conclusions:read"];
    assert_row(Role::Integrator, &rights.map(|right| (right, Own)));
}

#[test]
fn a_cart_shows_its_own_visits_and_reports_on_itself() {
    assert_row(Role::Cart, &[("appointments:read", Own), ("carts:check", Own)]);
}

#[test]
fn a_patient_sees_his_visit_and_gives_consent() {
    assert_row(Role::Patient, &[("appointments:read", Own), ("consent:give", Own)]);
}

#[test]
fn the_table_has_each_role_once() {
    assert_eq!(TABLE.map(|(role, _)| role), Role::ALL);
}

#[test]
fn a_person_of_two_roles_reaches_as_far_as_the_farther() {
    let roles: Roles = "specialist,admin".parse().unwrap();
    assert_eq!(roles.reach(WriteSchedules), Some(Everywhere));
    assert_eq!(roles.reach(WriteConclusions), Some(Own));
    assert_eq!(roles.reach(WorkWaitlist), None);
}

#[test]
fn roles_are_read_as_they_are_written() {
    let roles: Roles = [Role::Operator, Role::Nurse].into_iter().collect();
    assert_eq!(roles.to_string(), "nurse,operator");
    assert_eq!(roles.to_string().parse(), Ok(roles));
    assert_eq!("".parse(), Ok(Roles::NONE));
    assert!("nurse,king".parse::<Roles>().is_err());
}
