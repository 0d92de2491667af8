//! The UI's files, from memory.

use std::collections::HashMap;

use arc_swap::ArcSwap;
use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH},
};

use crate::{body::Body, error::Error};

/// A file of the UI.
#[derive(Debug, Clone)]
pub struct Asset {
    /// `/assets/x.js`; `/` for the page.
    pub path: String,
    pub content_type: String,
    pub cache_control: String,
    pub body: Bytes,
    /// With its quotes. `None`: clients can't revalidate.
    pub etag: Option<String>,
}

struct Ready {
    headers: HeaderMap,
    etag: Option<HeaderValue>,
    body: Bytes,
}

#[derive(Default)]
pub(crate) struct Assets(ArcSwap<HashMap<String, Ready>>);

impl Assets {
    /// Replaces all of them.
    pub(crate) fn set(&self, assets: Vec<Asset>) -> Result<(), Error> {
        let table = assets.into_iter().map(prepare).collect::<Result<_, _>>()?;
        self.0.store(std::sync::Arc::new(table));
        Ok(())
    }

    /// `None`: not an asset.
    pub(crate) fn respond<T>(&self, request: &Request<T>) -> Option<Response<Body>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return None;
        }
        let assets = self.0.load();
        let asset = assets.get(request.uri().path())?;
        let fresh = asset.etag.as_ref().is_some_and(|etag| is_fresh(request.headers(), etag));
        let mut response = Response::new(if fresh { Body::empty() } else { Body::Full(asset.body.clone()) });
        response.headers_mut().clone_from(&asset.headers);
        if fresh {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        Some(response)
    }
}

fn is_fresh(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(etag) = etag.to_str().map(opaque) else { return false };
    let asked = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    asked.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == etag)
}

fn prepare(asset: Asset) -> Result<(String, Ready), Error> {
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|error| Error::Asset { path: asset.path.clone(), reason: error.to_string() })
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, value(&asset.content_type)?);
    headers.insert(CACHE_CONTROL, value(&asset.cache_control)?);
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    let etag = asset.etag.as_deref().map(value).transpose()?;
    if let Some(etag) = &etag {
        headers.insert(ETAG, etag.clone());
    }
    Ok((asset.path, Ready { headers, etag, body: asset.body }))
}
