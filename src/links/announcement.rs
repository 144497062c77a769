//! What a start prints on standard output, for a person and for a program.
//!
//! A program reads whole lines, in this order: for each demo consultation `nurse`, `specialist`, `patient` and, when a phone on the
//! same network can reach this server, `phone`, each padded to ten characters, a space, and a link; then, once everything is up,
//! `ready`. Before them stand `desk` with the page of the staff and, at the very first start, `admin` and `password`: what to sign in
//! with once. Where the made-up clinic is open, `password` is that of all its people, and each has a line: the name to sign in by and the
//! role. Lines that start otherwise are for people: skip them. Links carry the ports that were really bound.
//!
//! ```text
//! nurse      http://localhost:8080/visit#…
//! specialist http://localhost:8080/visit#…
//! patient    http://localhost:8080/visit#…
//! phone      https://192.168.1.5:8443/visit#…
//! ready
//! ```

use super::{Bases, DemoLinks};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::fmt::Write as _;

/// What the made-up clinic's people sign in with.
pub struct Clinic<'a> {
    /// Each with its role's word.
    pub logins: &'a [(&'static str, &'static str)],
    pub password: &'a str,
}

#[must_use]
pub fn announcement(
    bases: &Bases,
    demos: &[DemoLinks],
    first_admin: Option<(&str, &str)>,
    clinic: Option<&Clinic<'_>>,
    self_signed: bool,
) -> String {
    let mut text = format!("Kenes {} serves {}\n", env!("CARGO_PKG_VERSION"), bases.here);
    if let Some(phone) = &bases.phone {
        text += &format!("        and {phone} for phones on the same network\n");
    }
    let _ = writeln!(text, "\ndesk       {}/desk", bases.here);
    if let Some((login, password)) = first_admin {
        // Both lines are for once: the page asks for a password of one's own.
        let _ = writeln!(text, "admin      {login}\npassword   {password}");
    }
    if let Some(clinic) = clinic {
        text += "\nA made-up clinic is open; its people sign in at the desk, all with one password:\n";
        for (login, role) in clinic.logins {
            let _ = writeln!(text, "{login:<10} {role}");
        }
        let _ = writeln!(text, "password   {}", clinic.password);
    }
    for (index, links) in demos.iter().enumerate() {
        text += "\n";
        text += &demo(links);
        if index == 0
            && let Some(phone) = &links.phone
        {
            text += &phone_help(phone, self_signed);
        }
    }
    text + "\nready\n"
}

fn demo(links: &DemoLinks) -> String {
    let mut text = String::new();
    let phone = links.phone.as_deref().map(|link| ("phone", link));
    let lines = [("nurse", &*links.nurse), ("specialist", &*links.specialist), ("patient", &*links.patient)];
    for (label, link) in lines.into_iter().chain(phone) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:<10} {link}");
    }
    text
}

fn phone_help(link: &str, self_signed: bool) -> String {
    let Ok(code) = QrCode::with_error_correction_level(link, EcLevel::L) else { return String::new() };
    // Dark on light whatever the terminal's colours are would need escapes; most terminals are dark, so light modules are drawn.
    let image = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    let mut text = format!("\nThe patient's phone, on the same network, scans this:\n\n{image}\n");
    if self_signed {
        text += "\nIt will warn that it does not know the certificate, which this server made for itself:\nchoose Advanced, then \
                 Proceed. A hospital sets https.certificate_file and https.key_file instead.\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(phone: Option<&str>) -> String {
        let bases = Bases { here: "http://localhost:8080".into(), phone: phone.map(str::to_owned) };
        let link = |base: &str| crate::links::visit(base, "abc");
        let links = DemoLinks {
            nurse: link(&bases.here),
            specialist: link(&bases.here),
            patient: link(&bases.here),
            phone: phone.map(link),
        };
        announcement(&bases, &[links], Some(("admin", "once")), None, true)
    }

    #[test]
    fn a_program_finds_each_link_at_a_lines_start_and_ready_last() {
        let text = text(None);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.contains(&"nurse      http://localhost:8080/visit#abc"));
        assert!(lines.contains(&"specialist http://localhost:8080/visit#abc"));
        assert!(lines.contains(&"patient    http://localhost:8080/visit#abc"));
        assert_eq!(lines.last(), Some(&"ready"));
    }

    #[test]
    fn a_phone_on_the_network_gets_a_link_and_a_code_to_scan() {
        let text = text(Some("https://192.168.1.5:8443"));
        assert!(text.contains("\nphone      https://192.168.1.5:8443/visit#abc\n"));
        assert!(text.contains('▀') || text.contains('█'), "a code of half blocks");
    }
}
