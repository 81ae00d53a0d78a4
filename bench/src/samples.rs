//! Many measurements of one thing.

use std::fmt;

/// Measurements, in order of size.
#[derive(Clone, Debug)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        assert!(!values.is_empty(), "there is nothing without a measurement");
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        if self.0.len() % 2 == 1 {
            self.0[middle]
        } else {
            f64::midpoint(self.0[middle - 1], self.0[middle])
        }
    }

    pub(crate) fn lowest(&self) -> f64 {
        self.0[0]
    }

    pub(crate) fn highest(&self) -> f64 {
        self.0[self.0.len() - 1]
    }

    /// The interval in which the median lies with a confidence of 95 %, by the binomial distribution of ranks; that is
    /// true of any distribution of the measurements.
    pub(crate) fn interval(&self) -> (f64, f64) {
        let count = self.0.len() as f64;
        let reach = 1.96 * count.sqrt() / 2.0;
        let low = (count / 2.0 - reach).floor().max(0.0) as usize;
        let high = ((count / 2.0 + reach).ceil() as usize).min(self.0.len() - 1);
        (self.0[low], self.0[high])
    }

    /// The median with its spread, to so many digits.
    pub(crate) fn shown(&self, digits: usize) -> impl fmt::Display {
        if self.median().is_nan() {
            return "not measured".to_owned();
        }
        format!(
            "{:.digits$} ({:.digits$}–{:.digits$})",
            self.median(),
            self.lowest(),
            self.highest()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(
            Samples::new([3.0, 1.0, 2.0]).shown(1).to_string(),
            "2.0 (1.0–3.0)"
        );
        assert_eq!(
            Samples::new([4.0, 1.0, 2.0, 3.0]).shown(1).to_string(),
            "2.5 (1.0–4.0)"
        );
    }

    #[test]
    fn the_interval_narrows_with_the_number_of_samples() {
        let width = |count: u32| {
            let (low, high) = Samples::new((0..count).map(f64::from)).interval();
            (high - low) / f64::from(count)
        };
        assert!(width(10) > 0.5 && width(1000) < 0.1);
    }
}
