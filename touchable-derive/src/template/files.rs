//! The files of a template.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::include::{Include, includes};

/// A template, what it includes, and further files, by their paths in the package.
#[derive(Debug)]
pub struct Files<'a> {
    package: &'a Path,
    /// Whether includes that only rendering knows are listed as further files.
    is_open: bool,
    /// The path of the template; its directories are where includes are looked for.
    main: Option<String>,
    contents: BTreeMap<String, Vec<u8>>,
}

impl<'a> Files<'a> {
    pub fn new(package: &'a Path, is_open: bool) -> Self {
        Self {
            package,
            is_open,
            main: None,
            contents: BTreeMap::new(),
        }
    }

    /// Reads a file, and all that it includes.
    ///
    /// # Errors
    /// In words for the one who wrote the path.
    pub fn add(&mut self, path: &str) -> Result<(), String> {
        let path = inside("", path)
            .ok_or_else(|| format!("`{path}` is not in this package: name a file under its Cargo.toml"))?;
        if self.main.is_none() {
            self.main = Some(path.clone());
        }
        let mut unread = vec![path];
        while let Some(path) = unread.pop() {
            if !self.contents.contains_key(&path) {
                unread.extend(self.read(&path)?);
            }
        }
        Ok(())
    }

    /// Reads one file; the paths of those that it includes.
    fn read(&mut self, path: &str) -> Result<Vec<String>, String> {
        let content = fs::read(self.package.join(path)).map_err(|error| {
            format!("cannot read `{path}` in the directory of this package's Cargo.toml: {error}")
        })?;
        let mut found = Vec::new();
        for include in includes(&String::from_utf8_lossy(&content)) {
            found.extend(self.resolve(path, &include)?);
        }
        self.contents.insert(path.to_owned(), content);
        Ok(found)
    }

    /// Every file that an include may mean. Template languages look in different places; a file too many only makes the
    /// digest differ a little too often.
    fn resolve(&self, from: &str, include: &Include) -> Result<Vec<String>, String> {
        match include {
            Include::Dynamic { .. } if self.is_open => Ok(Vec::new()),
            Include::Dynamic { tag } => Err(format!(
                "`{from}` has `{tag}`, and which file that is shows only in rendering: \
                 list the files it can be after the template, and end with `..`"
            )),
            Include::Named { tag, names, may_miss } => {
                let tried: Vec<String> = names.iter().flat_map(|name| self.places(from, name)).collect();
                let found: Vec<String> = tried
                    .iter()
                    .filter(|path| self.package.join(path).is_file())
                    .cloned()
                    .collect();
                if found.is_empty() && !may_miss {
                    let tried = tried.join("`, `");
                    return Err(format!(
                        "`{from}` has `{tag}`, and there is no such file: tried `{tried}`"
                    ));
                }
                Ok(found)
            }
        }
    }

    /// Where a name may be: beside the file that includes it, and in every directory above the template. Handlebars
    /// leaves the extension out.
    fn places(&self, from: &str, name: &str) -> Vec<String> {
        let main = self.main.as_deref().unwrap_or(from);
        let roots = [from].into_iter().chain([main]).flat_map(directories);
        let extension = Path::new(from).extension().and_then(|it| it.to_str());
        let with_extension = extension
            .map(|extension| format!(".{extension}"))
            .filter(|extension| !name.ends_with(extension))
            .map(|extension| format!("{name}{extension}"));
        let mut places = Vec::new();
        for root in roots {
            for name in [Some(name), with_extension.as_deref()].into_iter().flatten() {
                places.extend(inside(root, name).filter(|place| !places.contains(place)));
            }
        }
        places
    }

    /// The name of the template: its path.
    pub fn name(&self) -> &str {
        self.main.as_deref().unwrap_or_default()
    }

    /// Sixteen hexadecimal digits over the paths and the bytes of all files: the same on every machine.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (path, content) in &self.contents {
            for bytes in [path.as_bytes(), content] {
                digest.update((bytes.len() as u64).to_le_bytes());
                digest.update(bytes);
            }
        }
        let mut half = [0; 8];
        half.copy_from_slice(&digest.finalize()[..8]);
        format!("{:016x}", u64::from_be_bytes(half))
    }

    /// Where the files are on this machine.
    pub fn absolute(&self) -> impl Iterator<Item = String> {
        self.contents
            .keys()
            .map(|path| self.package.join(path).display().to_string())
    }
}

/// The directories over a file, from its own up to the package's, which is empty.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let file = rest.filter(|rest| !rest.is_empty())?;
        let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
        rest = Some(directory);
        Some(directory)
    })
}

/// A path from a directory of the package, without dots; `None` when it leads out of the package.
fn inside(directory: &str, path: &str) -> Option<String> {
    let path = path
        .strip_prefix('/')
        .filter(|_| !directory.is_empty())
        .unwrap_or(path);
    let mut parts = Vec::new();
    for part in PathBuf::from(directory).join(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
