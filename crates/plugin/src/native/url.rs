//! The URL Standard's parser and setters, from the `url` crate.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use url::{Url, quirks};

/// The parts in the order in which `js/web/url.js` reads them.
fn parts(url: &Url) -> Vec<String> {
    vec![
        url.as_str().to_owned(),
        quirks::origin(url),
        quirks::protocol(url).to_owned(),
        quirks::username(url).to_owned(),
        quirks::password(url).to_owned(),
        quirks::host(url).to_owned(),
        quirks::hostname(url).to_owned(),
        quirks::port(url).to_owned(),
        quirks::pathname(url).to_owned(),
        quirks::search(url).to_owned(),
        quirks::hash(url).to_owned(),
    ]
}

fn parse(text: &str, base: Option<&str>) -> Option<Url> {
    let base = match base {
        Some(base) => Some(Url::parse(base).ok()?),
        None => None,
    };
    Url::options().base_url(base.as_ref()).parse(text).ok()
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "parseUrl",
        Function::new(ctx.clone(), |text: String, base: Option<String>| {
            parse(&text, base.as_deref()).map(|url| parts(&url))
        })?,
    )?;
    native.set(
        "setUrl",
        Function::new(ctx.clone(), |href: String, part: String, value: String| {
            let mut url = Url::parse(&href).ok()?;
            match part.as_str() {
                "protocol" => drop(quirks::set_protocol(&mut url, &value)),
                "username" => drop(quirks::set_username(&mut url, &value)),
                "password" => drop(quirks::set_password(&mut url, &value)),
                "host" => drop(quirks::set_host(&mut url, &value)),
                "hostname" => drop(quirks::set_hostname(&mut url, &value)),
                "port" => drop(quirks::set_port(&mut url, &value)),
                "pathname" => quirks::set_pathname(&mut url, &value),
                "search" => quirks::set_search(&mut url, &value),
                _ => quirks::set_hash(&mut url, &value),
            }
            Some(parts(&url))
        })?,
    )?;
    native.set("domainToAscii", Function::new(ctx.clone(), |domain: String| quirks::domain_to_ascii(&domain))?)?;
    native.set("domainToUnicode", Function::new(ctx.clone(), |domain: String| quirks::domain_to_unicode(&domain))?)
}
