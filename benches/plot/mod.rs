//! Charts as SVG: panels below each other, each with two lines over one time axis, the
//! left scale's and the right scale's, and marks at the foot.

use std::fmt::Write;

const WIDTH: f64 = 900.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 840.0;
const TOP: f64 = 70.0;
const HEIGHT: f64 = 150.0;
const STEP: f64 = 220.0;

const LEFT_COLOUR: &str = "#1f6feb";
const RIGHT_COLOUR: &str = "#bc4c00";
const MARK_COLOUR: &str = "#cf222e";

pub(crate) struct Panel {
    pub(crate) title: String,
    /// One value for each step of time.
    pub(crate) left: Vec<f64>,
    /// Percent.
    pub(crate) right: Vec<f64>,
    /// How many of the thing that is marked.
    pub(crate) marks: Vec<u64>,
}

pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// What the lines and the marks are.
    pub(crate) legend: [&'static str; 3],
    /// Of the whole time axis, and of one step.
    pub(crate) seconds: f64,
    pub(crate) step_seconds: f64,
    pub(crate) panels: Vec<Panel>,
}

impl Chart {
    pub(crate) fn svg(&self) -> String {
        let height = TOP + STEP * self.panels.len() as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#24292f\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            escaped(self.title)
        );
        text(&mut svg, LEFT, 24.0, "start", self.title);
        let colours = [LEFT_COLOUR, RIGHT_COLOUR, MARK_COLOUR];
        for (nth, (name, colour)) in self.legend.iter().zip(colours).enumerate() {
            let x = LEFT + 260.0 * nth as f64;
            rect(&mut svg, (x, 36.0), (12.0, 8.0), colour);
            text(&mut svg, x + 18.0, 44.0, "start", name);
        }
        for (nth, panel) in self.panels.iter().enumerate() {
            self.panel(&mut svg, panel, TOP + STEP * nth as f64 + 20.0);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn panel(&self, svg: &mut String, panel: &Panel, top: f64) {
        let foot = top + HEIGHT;
        text(svg, LEFT, top - 8.0, "start", &panel.title);
        let highest = panel.left.iter().copied().fold(0.0, f64::max);
        let scale = rounded_up(highest);
        for quarter in 0..=4 {
            let share = f64::from(quarter) / 4.0;
            let y = foot - HEIGHT * share;
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#d0d7de\"/>"
            );
            text(svg, LEFT - 6.0, y + 4.0, "end", &number(scale * share));
            let percent = format!("{} %", number(100.0 * share));
            text(svg, RIGHT + 6.0, y + 4.0, "start", &percent);
        }
        let minutes = self.seconds / 60.0;
        for nth in 0..=6 {
            let share = f64::from(nth) / 6.0;
            let x = LEFT + (RIGHT - LEFT) * share;
            let label = format!("{} min", number(minutes * share));
            text(svg, x, foot + 18.0, "middle", &label);
        }
        self.line(svg, &panel.right, (top, 100.0), RIGHT_COLOUR);
        self.line(svg, &panel.left, (top, scale), LEFT_COLOUR);
        for (nth, _) in panel
            .marks
            .iter()
            .enumerate()
            .filter(|(_, many)| **many > 0)
        {
            let at = (self.x(nth) - 1.0, foot - 9.0);
            rect(svg, at, (2.0, 9.0), MARK_COLOUR);
        }
    }

    fn line(&self, svg: &mut String, values: &[f64], (top, scale): (f64, f64), colour: &str) {
        let mut points = String::new();
        for (nth, value) in values.iter().enumerate() {
            let y = top + HEIGHT * (1.0 - (value / scale).min(1.0));
            let _ = write!(points, "{:.1},{y:.1} ", self.x(nth));
        }
        let points = points.trim_end();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.3\" points=\"{points}\"/>"
        );
    }

    fn x(&self, step: usize) -> f64 {
        LEFT + (RIGHT - LEFT) * (step as f64 + 0.5) * self.step_seconds / self.seconds
    }
}

/// Up to 1, 2 or 5 and zeros.
fn rounded_up(value: f64) -> f64 {
    let power = 10f64.powf(value.max(1e-3).log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    let enough = steps.into_iter().find(|step| *step >= value);
    enough.unwrap_or(10.0 * power)
}

fn number(value: f64) -> String {
    let rounded = (value * 1_000.0).round() / 1_000.0;
    format!("{rounded}")
}

fn rect(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{height}\" fill=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
