//! IANA time zones, from `jiff`'s bundled database.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use jiff::{Timestamp, tz::TimeZone};

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // The zone's name as the database writes it, or undefined.
    native.set(
        "zoneName",
        Function::new(ctx.clone(), |name: String| {
            TimeZone::get(&name).ok().and_then(|zone| zone.iana_name().map(str::to_owned))
        })?,
    )?;
    // Offset in seconds, abbreviation, and whether summer time is on ("1" or ""), at a time in milliseconds.
    native.set(
        "zoneOffset",
        Function::new(ctx.clone(), |name: String, ms: f64| -> Option<Vec<String>> {
            let time = Timestamp::from_millisecond(ms as i64).ok()?;
            let zone = TimeZone::get(&name).ok()?;
            let info = zone.to_offset_info(time);
            let summer = if info.dst().is_dst() { "1" } else { "" };
            Some(vec![info.offset().seconds().to_string(), info.abbreviation().to_owned(), summer.to_owned()])
        })?,
    )
}
