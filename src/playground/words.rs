//! Instants as people say them.

use crate::clock::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The instant as seen from `now`: `in 59 minutes`, `2 days ago`.
pub(super) fn relative(instant: Timestamp, now: Timestamp) -> String {
    let seconds = instant.since(now).as_i64();
    let distance = duration(seconds);
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {distance}"),
        _ => format!("{distance} ago"),
    }
}

/// The length of that many seconds, in the unit that gives a small number.
pub(super) fn duration(seconds: i64) -> String {
    let seconds = seconds.saturating_abs();
    let (count, unit) = match seconds {
        ..90 => (seconds, "second"),
        90..5_400 => ((seconds + MINUTE / 2) / MINUTE, "minute"),
        5_400..129_600 => ((seconds + HOUR / 2) / HOUR, "hour"),
        _ => (seconds.saturating_add(DAY / 2) / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The instant as a date and a time of day in UTC.
pub(super) fn absolute(instant: Timestamp) -> String {
    let seconds = instant.as_i64();
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let second_of_day = seconds.rem_euclid(DAY);
    format!(
        "{day} {month} {year}, {:02}:{:02}:{:02} UTC",
        second_of_day / HOUR,
        second_of_day % HOUR / MINUTE,
        second_of_day % MINUTE,
    )
}

/// Year, month and day of a count of days since 1970-01-01, in the Gregorian calendar.
fn civil(days: i64) -> (i64, &'static str, i64) {
    // Counted from 1 March of the year 0, the leap day is the last day of its year.
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    let name = usize::try_from(month).map_or("", |month| MONTHS[month]);
    (year, name, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_in_the_unit_that_gives_a_small_number() {
        let now = Timestamp::from_unix(1_795_334_420);
        for (offset, words) in [
            (0, "now"),
            (1, "in 1 second"),
            (-45, "45 seconds ago"),
            (3_540, "in 59 minutes"),
            (86_400, "in 24 hours"),
            (1_296_000, "in 15 days"),
            (-172_800, "2 days ago"),
        ] {
            let instant = Timestamp::from_unix(now.as_i64() + offset);
            assert_eq!(relative(instant, now), words);
        }
    }

    #[test]
    fn an_instant_has_a_date_in_the_gregorian_calendar() {
        for (seconds, words) in [
            (0, "1 January 1970, 00:00:00 UTC"),
            (-1, "31 December 1969, 23:59:59 UTC"),
            (951_782_400, "29 February 2000, 00:00:00 UTC"),
            (1_795_334_420, "22 November 2026, 08:00:20 UTC"),
            (4_107_542_400, "1 March 2100, 00:00:00 UTC"),
        ] {
            assert_eq!(absolute(Timestamp::from_unix(seconds)), words);
        }
    }
}
