//! Collections and URLs as the parameters write them.
use crate::base::Str;
use crate::modules::core::caches::CacheUrl;
use crate::registry::{Setting, Setup};
use crate::vm::Params;

pub const DEFAULT: &str = "default";

/// Buckets of a collection without a size are 2 to this power.
const USUAL_SIZE: u32 = 9;

/// More shards than this are of no use to anybody.
const LARGEST: u32 = 14;

/// A collection has at least this many shards, so that a sweep of one is short.
const SMALLEST: u32 = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub name: Str,
    pub shards: usize,
}

/// A group of scripts, empty for the engine itself, and its collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub group: Str,
    pub collection: Str,
}

/// Every collection, `default` first, whether it is declared or not.
pub fn collections(params: Params<'_>) -> Result<Vec<Declaration>, String> {
    let mut all: Vec<Declaration> = Vec::new();
    for value in params.all("cache_collections") {
        for declaration in parse_collections(value)? {
            if all.iter().any(|d| d.name == declaration.name) {
                return Err(format!("collection `{}` is declared twice", declaration.name));
            }
            all.push(declaration);
        }
    }
    match all.iter().position(|d| *d.name == *DEFAULT.as_bytes()) {
        Some(at) => all.swap(0, at),
        None => all.insert(0, Declaration { name: DEFAULT.into(), shards: shards(USUAL_SIZE) }),
    }
    Ok(all)
}

/// `name[/r] [= size]; ...`, the size as a power of two.
pub fn parse_collections(text: &[u8]) -> Result<Vec<Declaration>, String> {
    let items = text.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty());
    items.map(parse_collection).collect()
}

fn parse_collection(item: &[u8]) -> Result<Declaration, String> {
    let mut parts = item.splitn(2, |b| *b == b'=').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    let name = name.strip_suffix(b"/r").unwrap_or(name);
    let shown = String::from_utf8_lossy(item);
    if name.is_empty() {
        return Err(format!("`{shown}` names no collection"));
    }
    let size = match parts.next() {
        None => USUAL_SIZE,
        Some(size) => {
            let size = std::str::from_utf8(size).ok().and_then(|s| s.parse().ok()).filter(|s| *s < u32::BITS);
            size.ok_or_else(|| format!("the size in `{shown}` is the power of two of its buckets, below 32"))?
        }
    };
    Ok(Declaration { name: Str::new(name), shards: shards(size) })
}

const fn shards(size: u32) -> usize {
    let size = if size < SMALLEST { SMALLEST } else { size };
    1 << if size > LARGEST { LARGEST } else { size }
}

/// The URLs; without any, the engine itself means the default collection.
pub fn urls(params: Params<'_>) -> Result<Vec<Url>, String> {
    let all: Vec<Url> = params.all("cachedb_url").map(parse_url).collect::<Result<_, _>>()?;
    if all.is_empty() { Ok(vec![Url { group: Str::EMPTY, collection: DEFAULT.into() }]) } else { Ok(all) }
}

/// `local[:group]://[/collection]`
pub fn parse_url(text: &[u8]) -> Result<Url, String> {
    let shown = String::from_utf8_lossy(text);
    let url = CacheUrl::parse(text).filter(|url| url.scheme == super::ENGINE.as_bytes());
    let url = url.ok_or_else(|| format!("`{shown}` is not like `local:group:///collection`"))?;
    let collection = if url.database.is_empty() { DEFAULT.as_bytes() } else { url.database };
    // The colon behind a group belongs to neither.
    let group = url.group.strip_suffix(b":").unwrap_or(url.group);
    Ok(Url { group: Str::new(group), collection: Str::new(collection) })
}

/// URLs name declared collections.
pub fn urls_have_collections(setup: Setup<'_>) -> Result<(), String> {
    let params = Params { set: setup.params };
    let (Ok(collections), Ok(urls)) = (collections(params), urls(params)) else { return Ok(()) };
    let missing = urls.iter().find(|url| collections.iter().all(|c| c.name != url.collection));
    match missing {
        None => Ok(()),
        Some(url) => Err(format!(
            "collection `{0}` is not declared: add it with `modparam(\"cachedb_local\", \"cache_collections\", \"{0}\")`",
            url.collection
        )),
    }
}

/// A collection is declared once.
pub fn collections_differ(setup: Setup<'_>) -> Result<(), String> {
    let all_read = setup.params.iter().all(|(name, value)| match value {
        Setting::Str(text) if name == "cache_collections" => parse_collections(text).is_ok(),
        _ => true,
    });
    if all_read { collections(Params { set: setup.params }).map(drop) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[(&str, &str)]) -> Vec<(String, Setting)> {
        values.iter().map(|(n, v)| ((*n).to_owned(), Setting::Str(v.as_bytes().to_vec()))).collect()
    }

    fn names(values: &[(&str, &str)]) -> Result<Vec<(String, usize)>, String> {
        let set = set(values);
        let all = collections(Params { set: &set })?;
        Ok(all.into_iter().map(|d| (d.name.to_string(), d.shards)).collect())
    }

    #[test]
    fn the_default_collection_is_always_there() {
        assert_eq!(names(&[]), Ok(vec![("default".to_owned(), 512)]));
        let declared = names(&[("cache_collections", "c1/r; c2 = 10;; default=13")]);
        let expected = [("default", 8192), ("c2", 1024), ("c1", 512)];
        assert_eq!(declared, Ok(expected.map(|(n, s)| (n.to_owned(), s)).to_vec()));
        assert_eq!(names(&[("cache_collections", "a=1;b=31")]).map(|n| (n[1].1, n[2].1)), Ok((256, 16384)));
    }

    #[test]
    fn bad_declarations_say_what_is_wrong() {
        for bad in ["c=x", "c=32", "=5", "c=-1"] {
            assert!(names(&[("cache_collections", bad)]).is_err(), "{bad}");
        }
        let twice = [("cache_collections", "c1"), ("cache_collections", "c1/r")];
        assert!(names(&twice).is_err());
        let set = set(&twice);
        assert!(collections_differ(Setup { params: &set, ..Setup::default() }).is_err());
    }

    #[test]
    fn a_url_binds_a_group_to_a_collection() {
        let url = |text: &str| parse_url(text.as_bytes()).map(|u| (u.group.to_string(), u.collection.to_string()));
        assert_eq!(url("local://"), Ok((String::new(), "default".to_owned())));
        assert_eq!(url("local:///c1"), Ok((String::new(), "c1".to_owned())));
        assert_eq!(url("local:g:///c2"), Ok(("g".to_owned(), "c2".to_owned())));
        for bad in ["redis://", "local", "local:/c", ""] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_needs_its_collection() {
        let check = |values: &[(&str, &str)]| {
            let set = set(values);
            urls_have_collections(Setup { params: &set, ..Setup::default() })
        };
        assert!(check(&[("cachedb_url", "local:g:///c")]).is_err());
        assert_eq!(check(&[("cachedb_url", "local:g:///c"), ("cache_collections", "c")]), Ok(()));
        assert_eq!(check(&[]), Ok(()));
    }
}
