//! Which plots a command's figures become. Reads figures by their names, so that it knows no command's types; figures that are not
//! there are not plotted.

use super::plot::{Bar, Bars, Line, Lines};
use serde_json::Value;

/// A plot and the end of its file's name.
pub(super) struct Chart {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) svg: String,
}

pub(super) fn of(command: &str, figures: &Value) -> Vec<Chart> {
    match command {
        "forward" => forward(figures),
        "floor" => floor(figures),
        "instructions" => instructions(figures),
        "lines" => memory_lines(figures),
        "load" => load(figures),
        "compare" => compare(figures),
        _ => Vec::new(),
    }
}

fn forward(figures: &Value) -> Vec<Chart> {
    let rows = list(figures, "rows");
    let group = |name: &str| rows.iter().filter(|row| text(row, "group").starts_with(name)).collect::<Vec<_>>();
    let mut charts = Vec::new();
    for (cipher, name) in
        [("AEAD_AES_128_GCM", "gcm128"), ("AEAD_AES_256_GCM", "gcm256"), ("AES128_CM_SHA1_80", "sha1")]
    {
        let rows = group("fan-out").into_iter().filter(|row| text(row, "cipher") == cipher).collect();
        charts.extend(beside_floor(&format!("fan-out-{name}"), &format!("One publisher to many, {cipher}"), rows));
    }
    charts.extend(beside_floor("repair", "One publisher to three, packets lost and brought back", group("repair")));
    charts.extend(beside_floor("rooms", "Rooms in which everybody sends camera and microphone", group("rooms")));
    let rooms = group("flatness");
    let line = |name: &str, field: &str| Line {
        name: name.to_owned(),
        points: rooms
            .iter()
            .filter_map(|row| Some((number(row, "people")? / 2.0, number(row, field)? / 1_000.0)))
            .collect(),
    };
    let lines = Lines {
        title: "Cost of a forwarded packet, by rooms of two on one shard".to_owned(),
        x_label: "rooms".to_owned(),
        unit: "µs of CPU, in the process".to_owned(),
        lines: vec![
            line("shard", "per_forwarded_ns"),
            line("floor", "floor_per_forwarded_ns"),
            line("floor + packets kept", "kept_floor_per_forwarded_ns"),
        ],
    };
    charts.extend(lines_chart("flatness", &lines));
    charts
}

/// Shard and floor of each case, side by side.
fn beside_floor(name: &str, title: &str, rows: Vec<&Value>) -> Option<Chart> {
    let mut bars = Vec::new();
    for row in rows {
        for (tone, field) in ["per_forwarded_ns", "floor_per_forwarded_ns"].into_iter().enumerate() {
            let value = number(row, field)? / 1_000.0;
            bars.push(Bar { label: text(row, "name").to_owned(), value, spread: None, tone });
        }
    }
    let legend = ["shard", "floor: open, copies, seals"].map(str::to_owned).to_vec();
    bars_chart(name, Bars { title: title.to_owned(), unit: FORWARDED.to_owned(), legend, bars })
}

const FORWARDED: &str = "µs of CPU for each forwarded packet, in the process";

fn floor(figures: &Value) -> Vec<Chart> {
    let bar = |row: &Value| {
        let value = number(row.get("cost")?, "median_ns")? / 1_000.0;
        Some(Bar { label: text(row, "what").to_owned(), value, spread: None, tone: 0 })
    };
    let bars = list(figures, "rows").iter().filter_map(bar).collect();
    let title = "What a packet costs on this machine, below any SFU".to_owned();
    bars_chart("packet", Bars { title, unit: "µs of CPU for each packet".to_owned(), legend: Vec::new(), bars })
        .into_iter()
        .collect()
}

fn instructions(figures: &Value) -> Vec<Chart> {
    let mut bars = Vec::new();
    for row in figures.as_array().map_or(&[][..], Vec::as_slice) {
        for (tone, field) in ["own", "crypto", "copies"].into_iter().enumerate() {
            let Some(value) = number(row, field) else { continue };
            bars.push(Bar { label: text(row, "workload").to_owned(), value, spread: None, tone });
        }
    }
    let legend = ["ours", "crypto", "memory moves"].map(str::to_owned).to_vec();
    let title = "Instructions for each forwarded packet".to_owned();
    bars_chart("count", Bars { title, unit: "instructions, by callgrind".to_owned(), legend, bars })
        .into_iter()
        .collect()
}

fn memory_lines(figures: &Value) -> Vec<Chart> {
    let mut bars = Vec::new();
    for row in list(figures, "rows") {
        for (tone, field) in ["own", "crypto", "copies"].into_iter().enumerate() {
            let (Some(rooms), Some(value)) = (number(row, "rooms"), number(row, field)) else { continue };
            bars.push(Bar { label: format!("{rooms} rooms of 2"), value, spread: None, tone });
        }
    }
    let legend = ["state", "keys", "packets kept"].map(str::to_owned).to_vec();
    let title = "Lines of memory from beyond the second cache for each forwarded packet".to_owned();
    bars_chart("memory", Bars { title, unit: "lines, by callgrind".to_owned(), legend, bars }).into_iter().collect()
}

fn load(figures: &Value) -> Vec<Chart> {
    let loads = list(figures, "loads");
    let points = |value: &dyn Fn(&Value) -> Option<f64>| -> Vec<(f64, f64)> {
        loads.iter().filter_map(|load| Some((number(load, "rooms")?, value(load)?))).collect()
    };
    let latency = |name: &str, field: &'static str| {
        let points = points(&|load| number(load.get("latency_us")?, field));
        Line { name: name.to_owned(), points }
    };
    let sfu = text(figures, "sfu");
    let lines = |title: String, unit: &str, lines: Vec<Line>| Lines {
        title,
        x_label: format!("rooms of {}", number(figures, "people").unwrap_or(0.0)),
        unit: unit.to_owned(),
        lines,
    };
    let cost = Line { name: "server".to_owned(), points: points(&|load| number(load, "server_us_per_forwarded")) };
    let costs = lines(format!("{sfu}: CPU of the whole process for each forwarded packet"), "µs of CPU", vec![cost]);
    let late = vec![latency("p99.9", "p999"), latency("p99", "p99"), latency("p50", "p50")];
    let late = lines(format!("{sfu}: from a sender's departure to a receiver's arrival"), "µs", late);
    [lines_chart("cpu", &costs), lines_chart("latency", &late)].into_iter().flatten().collect()
}

/// Servers at each load: cost with least and most of the rounds.
fn compare(figures: &Value) -> Vec<Chart> {
    let mut charts = Vec::new();
    for comparison in list(figures, "comparisons") {
        let (Some(rooms), Some(people)) = (number(comparison, "rooms"), number(comparison, "people")) else { continue };
        let room =
            if text(figures, "shape") == "lecture" { format!("1 -> {}", people - 1.0) } else { people.to_string() };
        let bar = |server: &Value| {
            let cost = server.get("us_per_forwarded")?;
            let sfu = text(server, "sfu");
            let spread = Some([number(cost, "least")?, number(cost, "most")?]);
            let (label, tone) = match sfu {
                "kenes" => ("kenes", 0),
                "bare" => ("floor of a process", 2),
                other => (other, 1),
            };
            Some(Bar { label: label.to_owned(), value: number(cost, "median")?, spread, tone })
        };
        let bars = list(comparison, "servers").iter().filter_map(bar).collect();
        let title = format!("CPU of the whole server for each forwarded packet, {rooms} rooms of {room}");
        let unit = "µs of CPU: median of the rounds, with least and most; the same traffic for all".to_owned();
        charts.extend(bars_chart(&format!("{rooms}x{people}"), Bars { title, unit, legend: Vec::new(), bars }));
    }
    charts
}

fn bars_chart(name: &str, bars: Bars) -> Option<Chart> {
    (!bars.bars.is_empty()).then(|| Chart { name: name.to_owned(), svg: bars.svg(), title: bars.title })
}

fn lines_chart(name: &str, lines: &Lines) -> Option<Chart> {
    // One point is no line.
    let has_points = lines.lines.iter().all(|line| line.points.len() > 1);
    has_points.then(|| Chart { name: name.to_owned(), title: lines.title.clone(), svg: lines.svg() })
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn number(value: &Value, field: &str) -> Option<f64> {
    value.get(field)?.as_f64()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_comparison_becomes_bars_with_their_spread_and_a_refused_server_none() {
        let cost = json!({ "median": 4.2, "least": 4.0, "most": 5.0 });
        let servers =
            json!([{ "sfu": "kenes", "us_per_forwarded": cost }, { "sfu": "other", "us_per_forwarded": null }]);
        let figures = json!({ "comparisons": [{ "rooms": 50, "people": 2, "servers": servers }] });
        let charts = of("compare", &figures);
        assert_eq!(charts.len(), 1);
        assert!(charts[0].svg.contains(">kenes<") && !charts[0].svg.contains(">other<"));
        assert!(charts[0].svg.contains(">4.20<"), "{}", charts[0].svg);
    }

    #[test]
    fn figures_of_another_kind_become_nothing() {
        assert!(of("load", &json!({})).is_empty());
        assert!(of("talk", &json!({ "rows": [] })).is_empty());
    }
}
