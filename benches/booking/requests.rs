//! Free-slot search and Today, by the storage's functions that their endpoints call, the caller's session included.

use crate::clinic::{self, Clinic, NOW, Random, SESSION, SITES, SPECIALISTS, id, specialty};
use anyhow::{Result, ensure};
use kenes::clock;
use kenes::model::appointment::Channel;
use kenes::storage::agenda::{self, Whose};
use kenes::storage::slots::{self, Search};
use kenes::storage::{accounts, users};
use std::time::Duration;

#[derive(Clone, Copy)]
pub(crate) enum Request {
    Search,
    TodayOfSite,
    TodayOfSpecialist,
}

impl Request {
    pub(crate) const ALL: [Self; 3] = [Self::Search, Self::TodayOfSite, Self::TodayOfSpecialist];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Search => "free-slot search, 4 weeks",
            Self::TodayOfSite => "Today of a site",
            Self::TodayOfSpecialist => "Today of a specialist",
        }
    }

    /// How long it took, and how many rows it had to show.
    pub(crate) async fn time(self, clinic: &Clinic, random: &mut Random) -> Result<(Duration, usize)> {
        let started = clock::now();
        let rows = self.run(clinic, random).await?;
        Ok((clock::now() - started, rows))
    }

    async fn run(self, clinic: &Clinic, random: &mut Random) -> Result<usize> {
        let database = &clinic.database;
        let session = accounts::find_session(database, &SESSION).await?;
        ensure!(session.is_some_and(|session| session.is_alive(NOW)), "nobody is signed in");
        let whose = match self {
            Self::Search => return search(clinic, random).await,
            Self::TodayOfSite => Whose::Site(id(random.below(SITES))?),
            Self::TodayOfSpecialist => Whose::Specialist(id(random.below(SPECIALISTS))?),
        };
        // As the longest page: one more than 200 says that there is another.
        Ok(agenda::list(database, whose, clinic::today()?, None, 201).await?.len())
    }
}

async fn search(clinic: &Clinic, random: &mut Random) -> Result<usize> {
    let search = Search {
        specialty: specialty(random.below(SPECIALISTS)).parse()?,
        channel: Channel::Cart,
        within: clinic::weeks_ahead()?,
        patient: Some(id(random.below(clinic.patients))?),
        cart: Some(id(random.below(SPECIALISTS))?),
        with_reserved: false,
        limit: 200,
    };
    let found = slots::search(&clinic.database, &search, NOW).await?;
    let specialists = users::specialists(&clinic.database, &search.specialty).await?;
    ensure!(!specialists.is_empty(), "nobody treats {}", search.specialty);
    Ok(found.len())
}
