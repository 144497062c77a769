-- What pages measured of their links before a call: figures of a place, of nobody in particular.
CREATE TABLE link_checks (
    id TEXT NOT NULL PRIMARY KEY,
    -- Of the appointment, where the patient measured at home.
    site_id TEXT NOT NULL REFERENCES sites (id),
    place TEXT NOT NULL CHECK (place IN ('cart', 'desk', 'home')),
    at_ms BIGINT NOT NULL,
    -- Null: media came through by none.
    transport TEXT CHECK (transport IN ('udp', 'tcp', 'turn')),
    -- Each null where it could not be measured.
    rtt_ms BIGINT,
    up_bps BIGINT,
    down_bps BIGINT,
    lost_up_percent BIGINT,
    lost_down_percent BIGINT
);
CREATE INDEX link_checks_by_site ON link_checks (site_id, id);
