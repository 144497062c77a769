//! The demo consultation: a nurse at the cart, a specialist and a patient at home, made up.

use crate::tokens::Grant;
use kenes_signaling::message::Role;
use kenes_signaling::time::UnixMillis;

/// One demo consultation's links.
#[derive(Clone, Debug)]
pub struct DemoLinks {
    pub nurse: String,
    pub specialist: String,
    pub patient: String,
    /// The patient's for a phone on the same network.
    pub phone: Option<String>,
}

/// What nurse, specialist and patient of demo room `number` are invited as. The same after a restart, so that links live on when
/// the key is configured.
#[must_use]
pub fn demo_grants(number: u32, language: &str, expires_ms: UnixMillis) -> [Grant; 3] {
    let words = words(language);
    let grant = |role, subject: &str, name: &str| Grant {
        room: format!("demo-{number}"),
        subject: subject.to_owned(),
        role,
        name: name.to_owned(),
        room_title: words.title.to_owned(),
        language: language.to_owned(),
        expires_ms,
    };
    [
        grant(Role::Nurse, "nurse", words.nurse),
        grant(Role::Specialist, "specialist", words.specialist),
        grant(Role::Patient, "patient", words.patient),
    ]
}

struct Words {
    title: &'static str,
    nurse: &'static str,
    specialist: &'static str,
    patient: &'static str,
}

fn words(language: &str) -> Words {
    match language {
        "kk" => Words {
            title: "Көрсетілім консультациясы",
            nurse: "Айгүл Нұрланова",
            specialist: "Данияр Ахметов",
            patient: "Сәуле Оспанова",
        },
        "en" => Words {
            title: "Demo consultation",
            nurse: "Aigul Nurlanova",
            specialist: "Daniyar Akhmetov",
            patient: "Saule Ospanova",
        },
        _ => Words {
            title: "Демонстрационная консультация",
            nurse: "Айгуль Нурланова",
            specialist: "Данияр Ахметов",
            patient: "Сауле Оспанова",
        },
    }
}
