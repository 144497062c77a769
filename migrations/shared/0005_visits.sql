-- Consultations as they took place, what they concluded, and the words that patients consent to. What the databases must say
-- differently is in 0015 of their folders.

-- One per appointment, made at check-in; leaving and coming back is the same visit.
CREATE TABLE visits (
    id TEXT NOT NULL PRIMARY KEY,
    appointment_id TEXT NOT NULL UNIQUE REFERENCES appointments (id),
    -- Unguessable, and says nothing of anybody.
    room TEXT NOT NULL UNIQUE,
    opened_ms BIGINT NOT NULL,
    -- When the patient's side was admitted.
    started_ms BIGINT,
    ended_ms BIGINT,
    outcome TEXT CHECK (outcome IN ('ok', 'degraded', 'audio_only', 'phone', 'failed')),
    -- Of everybody together, as JSON (src/model/quality.rs).
    quality TEXT,
    -- When the server last said that it keeps the room. A server that dies cannot write that people left.
    seen_ms BIGINT NOT NULL,
    survey_score BIGINT CHECK (survey_score BETWEEN 1 AND 5),
    CHECK ((ended_ms IS NULL) = (outcome IS NULL))
);
CREATE INDEX visits_open ON visits (opened_ms) WHERE ended_ms IS NULL;

-- Who was there; one row a person, however often they came.
CREATE TABLE visit_people (
    visit_id TEXT NOT NULL REFERENCES visits (id),
    -- As in the audit trail: `user:`, `cart:` or `link:` with the id.
    subject TEXT NOT NULL,
    role TEXT NOT NULL,
    -- As the others saw it.
    name TEXT NOT NULL,
    joined_ms BIGINT NOT NULL,
    -- When first in the call; null: the person never got beyond the waiting room.
    in_call_ms BIGINT,
    -- Null: still there.
    left_ms BIGINT,
    -- How often the person came back.
    returns BIGINT NOT NULL,
    quality TEXT,
    PRIMARY KEY (visit_id, subject)
);

-- A draft until it is signed, then never changed again (0015). `number` 1 is the conclusion, what follows are addenda.
CREATE TABLE conclusions (
    id TEXT NOT NULL PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    number BIGINT NOT NULL CHECK (number >= 1),
    author_id TEXT NOT NULL REFERENCES users (id),
    summary TEXT NOT NULL,
    recommendations TEXT,
    icd10 TEXT,
    signed_ms BIGINT,
    -- SHA-256 over the signed text (src/model/conclusion.rs) as hexadecimal digits.
    digest TEXT,
    version BIGINT NOT NULL,
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    UNIQUE (appointment_id, number),
    CHECK ((signed_ms IS NULL) = (digest IS NULL))
);

-- Append-only: what a decision about consent referred to must stay readable.
CREATE TABLE consent_texts (
    purpose TEXT NOT NULL CHECK (purpose IN ('consultation', 'recording', 'images', 'third_party')),
    version BIGINT NOT NULL CHECK (version >= 1),
    kk TEXT NOT NULL,
    ru TEXT NOT NULL,
    en TEXT NOT NULL,
    -- Null: came with the system.
    created_by TEXT,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (purpose, version)
);

INSERT INTO consent_texts (purpose, version, kk, ru, en, created_ms) VALUES
('consultation', 1,
'Мен дәрігердің бейнебайланыс арқылы қашықтан медициналық кеңес беруіне келісемін.
Кеңес беруші дәрігер мені көреді және естиді; телемедициналық арбаның жанындағы мейіргер қарауға көмектеседі.
Маған түсіндірілді: қашықтан қарау бетпе-бет қарауды толық алмастырмайды, қажет болса дәрігер мені бетпе-бет қабылдауға жібереді; байланыс шифрланған, бейне мен дыбыс менің бөлек келісімімсіз жазылмайды; байланыс үзілсе, кеңес телефонмен жалғасады немесе басқа уақытқа ауыстырылады; дәрігердің қорытындысы медициналық құжаттамада сақталады.
Мен кез келген сәтте бас тарта аламын немесе кеңесті тоқтата аламын. Бұл кейінгі медициналық көмек алуыма әсер етпейді.',
'Я согласен (согласна) на дистанционную медицинскую консультацию врача по видеосвязи.
Врач-консультант будет видеть и слышать меня; рядом с телемедицинской тележкой медсестра помогает осмотру.
Мне объяснили: дистанционный осмотр не во всём заменяет очный, и при необходимости врач направит меня на очный приём; связь зашифрована, видео и звук не записываются без моего отдельного согласия; если связь прервётся, консультация продолжится по телефону или будет перенесена; заключение врача хранится в медицинской документации.
Я могу отказаться или прервать консультацию в любой момент. Это не повлияет на мою дальнейшую медицинскую помощь.',
'I agree to a remote medical consultation with a doctor by video.
The consulting doctor will see and hear me; beside the telemedicine cart a nurse helps with the examination.
It was explained to me that a remote examination does not replace an examination in person in everything, and that the doctor will refer me to one if needed; that the connection is encrypted, and picture and sound are not recorded without my separate consent; that if the connection fails, the consultation goes on by telephone or is moved to another time; that the conclusion is kept in my medical records.
I may refuse, or end the consultation, at any moment. This does not affect the care that I receive afterwards.',
1795219200000),
('recording', 1,
'Мен осы кеңестің бейне және дыбыс жазбасын жасауға келісемін.
Жазба шифрланған түрде сақталады, оны менің еміме қатысатын медицина қызметкерлері ғана көре алады және медициналық ұйым белгілеген мерзім өткен соң жойылады.
Жазу жүріп жатқаны экранда көрсетіледі және дауыспен айтылады. Келісімімді кез келген сәтте қайтарып ала аламын: жазу бірден тоқтайды, ал кеңес жалғаса береді.',
'Я согласен (согласна) на видео- и аудиозапись этой консультации.
Запись хранится в зашифрованном виде, доступна только медицинским работникам, участвующим в моём лечении, и удаляется по истечении срока, установленного медицинской организацией.
О том, что идёт запись, сообщается на экране и голосом. Я могу отозвать согласие в любой момент: запись сразу прекратится, а консультация продолжится.',
'I agree that picture and sound of this consultation are recorded.
The recording is stored encrypted, is open only to the medical staff who take part in my treatment, and is deleted when the period set by the medical organisation is over.
That a recording is running is shown on the screen and said aloud. I may withdraw my consent at any moment: the recording stops at once, and the consultation goes on.',
1795219200000),
('images', 1,
'Мен кеңес кезінде түсірілген суреттер мен аспаптардың деректерін (мысалы, терінің, құлақтың, тамақтың суреті, жүрек пен өкпе дыбысы) осы кеңестің құжаттарына қосып сақтауға келісемін.
Оларды менің еміме қатысатын медицина қызметкерлері ғана көре алады. Келісімімді қайтарып алсам, жаңа суреттер түсірілмейді.',
'Я согласен (согласна), чтобы снимки и данные приборов, полученные во время консультации (например, фотография кожи, уха, горла, звуки сердца и лёгких), сохранялись вместе с документами этой консультации.
Они доступны только медицинским работникам, участвующим в моём лечении. Если я отзову согласие, новые снимки делаться не будут.',
'I agree that pictures and readings taken during the consultation (for example of the skin, the ear or the throat, or sounds of heart and lungs) are kept with the documents of this consultation.
They are open only to the medical staff who take part in my treatment. If I withdraw my consent, no new ones are taken.',
1795219200000),
('third_party', 1,
'Мен кеңеске емдеуші дәрігер мен мейіргерден басқа адамның қатысуына келісемін (аудармашы, учаскелік дәрігер, тағы бір дәрігер немесе оқып жүрген маман).
Оның аты мен рөлі экранда көрініп тұрады, ол құпияны сақтауға міндетті. Кез келген сәтте оның шығуын сұрай аламын.',
'Я согласен (согласна), чтобы на консультации кроме врача-консультанта и медсестры присутствовал другой человек (переводчик, участковый врач, ещё один врач или обучающийся специалист).
Его имя и роль видны на экране, он обязан хранить врачебную тайну. Я могу в любой момент попросить его выйти.',
'I agree that somebody beside the consulting doctor and the nurse takes part (an interpreter, the family doctor, another doctor or a trainee).
Name and role are shown on the screen, and the person is bound to confidentiality. I may ask the person to leave at any moment.',
1795219200000);
