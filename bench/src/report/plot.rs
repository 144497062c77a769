//! Plots as SVG: bars with their spread, and lines. No script, no font of its own; light and dark by the reader's setting.
//!
//! Holds nothing; knows nothing of what is plotted.

use std::fmt::Write as _;

const WIDTH: f64 = 760.0;
const MARGIN: f64 = 16.0;
/// Where a plot begins below its title, and its legend or its unit.
const TOP: f64 = 76.0;
const TOP_WITHOUT_LEGEND: f64 = 52.0;
const BAR: f64 = 16.0;
const BAR_GAP: f64 = 6.0;
const GROUP_GAP: f64 = 8.0;
const LINES_HEIGHT: f64 = 260.0;
/// Mean width of a character of 12 pixels.
const CHARACTER: f64 = 6.6;
/// Colors to choose from; a tone is a place in the list, below.
const TONES: usize = 5;

const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}.quiet{fill:#59636e}.strong{font-weight:600}\
.grid{stroke:#d1d9e0;stroke-width:1}.spread{stroke:#1f2328;stroke-width:1.2;opacity:.75}\
.f0{fill:#2563eb}.f1{fill:#8c959f}.f2{fill:#d97706}.f3{fill:#059669}.f4{fill:#9333ea}\
.l0{stroke:#2563eb}.l1{stroke:#8c959f}.l2{stroke:#d97706}.l3{stroke:#059669}.l4{stroke:#9333ea}\
.l0,.l1,.l2,.l3,.l4{fill:none;stroke-width:2}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.grid{stroke:#3d444d}.spread{stroke:#e6edf3}\
.f0{fill:#60a5fa}.f1{fill:#6e7681}.f2{fill:#f59e0b}.f3{fill:#34d399}.f4{fill:#c084fc}\
.l0{stroke:#60a5fa}.l1{stroke:#6e7681}.l2{stroke:#f59e0b}.l3{stroke:#34d399}.l4{stroke:#c084fc}}";

/// Horizontal bars from zero.
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) unit: String,
    /// What each tone is; empty when there is one.
    pub(super) legend: Vec<String>,
    pub(super) bars: Vec<Bar>,
}

#[derive(Clone, Debug)]
pub(super) struct Bar {
    /// Bars of a group stand together under one label.
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) spread: Option<[f64; 2]>,
    /// Place in the legend.
    pub(super) tone: usize,
}

/// Lines over a growing number, from zero upwards.
pub(super) struct Lines {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) unit: String,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Line {
    pub(super) name: String,
    /// Along x, at the same places in all lines.
    pub(super) points: Vec<(f64, f64)>,
}

impl Bars {
    pub(super) fn svg(&self) -> String {
        let most = self.bars.iter().map(|bar| bar.spread.map_or(bar.value, |[_, high]| high.max(bar.value)));
        let scale = Scale::up_to(most.fold(0.0, f64::max));
        let widest = self.bars.iter().map(|bar| text_width(&bar.label)).fold(0.0, f64::max);
        let left = MARGIN + widest + 10.0;
        // Room for the value behind the longest bar.
        let x = |value: f64| left + (WIDTH - MARGIN - 52.0 - left) * value / scale.end;
        let top = if self.legend.is_empty() { TOP_WITHOUT_LEGEND } else { TOP };
        let group_gap = if self.legend.is_empty() { 0.0 } else { GROUP_GAP };
        let (mut body, mut y, mut last) = (String::new(), top, None);
        for bar in &self.bars {
            let begins = last != Some(&bar.label);
            if begins {
                y += if last.is_some() { group_gap } else { 0.0 };
                let anchor = format!("x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\"", left - 10.0, y + 12.5);
                let _ = writeln!(body, "<text {anchor}>{}</text>", escape(&bar.label));
            }
            last = Some(&bar.label);
            body += &self.bar(bar, y, &x);
            y += BAR + BAR_GAP;
        }
        let bottom = y + 4.0;
        let mut grid = String::new();
        for tick in scale.ticks() {
            let _ = writeln!(
                grid,
                "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"quiet\" x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"middle\">{3}</text>",
                x(tick),
                top - 6.0,
                bottom + 16.0,
                scale.label(tick)
            );
        }
        let _ = writeln!(
            grid,
            "<text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - MARGIN,
            bottom + 34.0,
            escape(&self.unit)
        );
        document(&self.title, &self.legend, bottom + 44.0, &(grid + &body))
    }

    fn bar(&self, bar: &Bar, y: f64, x: &impl Fn(f64) -> f64) -> String {
        let (zero, end) = (x(0.0), x(bar.value));
        let mut text = format!(
            "<rect class=\"f{}\" x=\"{zero:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>",
            bar.tone % TONES,
            (end - zero).max(1.0)
        );
        let mut behind = end;
        if let Some([low, high]) = bar.spread {
            let (low, high, middle) = (x(low), x(high), y + BAR / 2.0);
            let _ = write!(
                text,
                "<path class=\"spread\" d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {0:.1}v8M{high:.1} {0:.1}v8\"/>",
                middle - 4.0
            );
            behind = behind.max(high);
        }
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"strong\">{}</text>",
            behind + 6.0,
            y + 12.5,
            short(bar.value)
        );
        text
    }
}

impl Lines {
    pub(super) fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let scale = Scale::up_to(all().map(|(_, y)| *y).fold(0.0, f64::max));
        let labels = scale.ticks().map(|tick| text_width(&scale.label(tick))).fold(0.0, f64::max);
        let names = self.lines.iter().map(|line| text_width(&line.name)).fold(0.0, f64::max);
        let (left, right) = (MARGIN + labels + 10.0, WIDTH - MARGIN - names - 14.0);
        let (least, most) = all().fold((f64::INFINITY, 1.0_f64), |(least, most), (x, _)| (least.min(*x), most.max(*x)));
        // Numbers of rooms grow by factors.
        let place = |x: f64| {
            let span = (most / least).ln();
            left + if span > 0.0 { (right - left) * (x / least).ln() / span } else { 0.0 }
        };
        let height = |y: f64| TOP + LINES_HEIGHT * (1.0 - y / scale.end);
        let mut body = String::new();
        for tick in scale.ticks() {
            let y = height(tick);
            let _ = writeln!(
                body,
                "<line class=\"grid\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                y + 4.0,
                scale.label(tick)
            );
        }
        let bottom = TOP + LINES_HEIGHT;
        for (x, _) in self.lines.first().map_or(&[][..], |line| &line.points) {
            let _ = writeln!(
                body,
                "<text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                place(*x),
                bottom + 18.0,
                short(*x)
            );
        }
        let _ = writeln!(
            body,
            "<text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text class=\"quiet\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>",
            f64::midpoint(left, right),
            bottom + 38.0,
            escape(&self.x_label),
            TOP - 14.0,
            escape(&self.unit)
        );
        let names = self.lines.iter().map(|line| line.points.last().map_or(bottom, |(_, y)| height(*y)));
        for ((tone, line), name_y) in self.lines.iter().enumerate().zip(apart(&names.collect::<Vec<f64>>())) {
            body += &line.svg(tone % TONES, &place, &height, (right + 8.0, name_y + 4.0));
        }
        document(&self.title, &[], bottom + 48.0, &body)
    }
}

impl Line {
    fn svg(&self, tone: usize, place: &impl Fn(f64) -> f64, height: &impl Fn(f64) -> f64, name: (f64, f64)) -> String {
        let points: Vec<(f64, f64)> = self.points.iter().map(|(x, y)| (place(*x), height(*y))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let mut text = format!("<polyline class=\"l{tone}\" points=\"{}\"/>", path.join(" "));
        for (x, y) in points {
            let _ = write!(text, "<circle class=\"f{tone}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
        }
        let _ = writeln!(text, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", name.0, name.1, escape(&self.name));
        text
    }
}

/// Labels that would cover each other are moved down, in the order of their heights.
fn apart(heights: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    let at = |index: usize| heights.get(index).copied().unwrap_or(0.0);
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    let mut moved = heights.to_owned();
    let mut free_from = f64::NEG_INFINITY;
    for index in order {
        let y = at(index).max(free_from);
        if let Some(place) = moved.get_mut(index) {
            *place = y;
        }
        free_from = y + 15.0;
    }
    moved
}

/// From zero to a round number, in round steps.
struct Scale {
    end: f64,
    step: f64,
}

impl Scale {
    fn up_to(most: f64) -> Self {
        let rough = most.max(f64::MIN_POSITIVE) / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = power * [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|step| step * power >= rough).unwrap_or(10.0);
        Self { end: (most / step).ceil().max(1.0) * step, step }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (step, end) = (self.step, self.end);
        (0_u32..).map(move |tick| f64::from(tick) * step).take_while(move |tick| *tick <= end + step / 2.0)
    }

    /// All ticks with the digits that their step needs.
    fn label(&self, tick: f64) -> String {
        let digits = [0, 1, 2, 3, 4].into_iter().find(|digits| {
            let shifted = self.step * 10_f64.powi(*digits);
            (shifted - shifted.round()).abs() < 1e-6
        });
        format!("{tick:.*}", usize::try_from(digits.unwrap_or(4)).unwrap_or(4))
    }
}

fn document(title: &str, legend: &[String], height: f64, body: &str) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         role=\"img\">\n<title>{0}</title>\n<style>{STYLE}</style>\n<text class=\"title\" x=\"{MARGIN}\" y=\"26\">{0}</text>\n",
        escape(title)
    );
    let mut x = MARGIN;
    for (tone, name) in legend.iter().enumerate() {
        let _ = writeln!(
            text,
            "<rect class=\"f{}\" x=\"{x:.1}\" y=\"40\" width=\"12\" height=\"12\" rx=\"2\"/><text x=\"{:.1}\" y=\"50.5\">{}</text>",
            tone % TONES,
            x + 18.0,
            escape(name)
        );
        x += 18.0 + text_width(name) + 20.0;
    }
    text + body + "</svg>\n"
}

/// Three digits are what a measurement is worth.
fn short(value: f64) -> String {
    let digits = if value >= 100.0 || value == value.round() && value >= 1.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}")
}

#[expect(clippy::cast_precision_loss, reason = "labels are short")]
fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_a_round_number_above_the_greatest_value() {
        for (most, end, labels) in
            [(3.7, 4.0, "0 1 2 3 4"), (0.43, 0.5, "0.0 0.1 0.2 0.3 0.4 0.5"), (68.0, 80.0, "0 20 40 60 80")]
        {
            let scale = Scale::up_to(most);
            assert!((scale.end - end).abs() < 1e-9, "{most}: {}", scale.end);
            let ticks: Vec<String> = scale.ticks().map(|tick| scale.label(tick)).collect();
            assert_eq!(ticks.join(" "), labels);
        }
    }

    #[test]
    fn labels_of_lines_that_end_together_do_not_cover_each_other() {
        assert_eq!(apart(&[100.0, 98.0, 300.0]), [113.0, 98.0, 300.0]);
    }

    #[test]
    fn a_name_is_no_markup() {
        let bar = Bar { label: "1 -> 3 <b>".to_owned(), value: 1.0, spread: None, tone: 0 };
        let svg = Bars { title: "a & b".to_owned(), unit: String::new(), legend: Vec::new(), bars: vec![bar] }.svg();
        assert!(svg.contains("a &amp; b") && svg.contains("1 -&gt; 3 &lt;b&gt;") && !svg.contains("<b>"), "{svg}");
    }
}
