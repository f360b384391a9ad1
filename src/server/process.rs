//! What becomes of the process at start: folders, limits, pid files, user and group.
use super::launch::Process;
use crate::base::Str;
use crate::engine::settings::ServerSettings;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// Working directory, chroot and limits, by the command line, else by the script; before sockets are bound.
pub fn settle(process: &Process, script: &ServerSettings) -> Result<(), String> {
    if let Some(limit) = script.open_files_limit {
        raise_open_files(limit)?;
    }
    if !script.core_dumps {
        forbid_core_dumps()?;
    }
    if let Some(root) = process.chroot.as_ref().or(script.chroot.as_ref()) {
        let path = c_string(root)?;
        // SAFETY: the path is NUL-terminated and outlives the call.
        if unsafe { libc::chroot(path.as_ptr()) } != 0 {
            return Err(format!("cannot chroot to `{root}`: {}", std::io::Error::last_os_error()));
        }
        // The folder we are in lies outside.
        std::env::set_current_dir("/").map_err(|e| format!("cannot enter `{root}`: {e}"))?;
    }
    if let Some(folder) = process.working_dir.as_ref().or(script.working_dir.as_ref()) {
        std::env::set_current_dir(folder).map_err(|e| format!("cannot work in `{folder}`: {e}"))?;
    }
    Ok(())
}

/// Pid files, then the user and group that serve; after sockets are bound.
pub fn identify(process: &Process) -> Result<(), String> {
    if let Some(file) = &process.pid_file {
        write_id(file, std::process::id() as i32)?;
    }
    if let Some(file) = &process.pgid_file {
        // SAFETY: getpgrp takes nothing and cannot fail.
        write_id(file, unsafe { libc::getpgrp() })?;
    }
    drop_privileges(process)
}

/// What stands in a file.
pub fn read_file(path: &[u8]) -> Result<Vec<u8>, String> {
    std::fs::read(OsStr::from_bytes(path)).map_err(|e| e.to_string())
}

/// The variables that the process was started with.
pub fn environment() -> Vec<(Str, Str)> {
    let text = |s: OsString| Str::from(s.into_vec());
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Removes what `identify` wrote, as far as the user that served may.
pub fn forget(process: &Process) {
    for file in [&process.pid_file, &process.pgid_file].into_iter().flatten() {
        // A file that stays tells of a process that is gone, which its reader must bear after a crash as well.
        let _ = std::fs::remove_file(file);
    }
}

fn write_id(file: &Path, id: i32) -> Result<(), String> {
    std::fs::write(file, format!("{id}\n")).map_err(|e| format!("cannot write `{}`: {e}", file.display()))
}

fn drop_privileges(process: &Process) -> Result<(), String> {
    let user = process.user.as_deref().map(user_ids).transpose()?;
    let group = match &process.group {
        Some(name) => Some(group_id(name)?),
        None => user.map(|(_, gid)| gid),
    };
    let failed = |what: &str| format!("cannot change {what}: {}", std::io::Error::last_os_error());
    // SAFETY: these calls take numbers; the group goes first, while it may still be changed.
    unsafe {
        if let Some(gid) = group
            && (libc::setgroups(0, std::ptr::null()) != 0 || libc::setgid(gid) != 0)
        {
            return Err(failed("the group"));
        }
        if let Some((uid, _)) = user
            && libc::setuid(uid) != 0
        {
            return Err(failed("the user"));
        }
    }
    Ok(())
}

fn user_ids(name: &str) -> Result<(libc::uid_t, libc::gid_t), String> {
    if let Ok(id) = name.parse() {
        return Ok((id, id));
    }
    let text = c_string(name)?;
    // SAFETY: the name is NUL-terminated; the entry is read before any other call of this family.
    let entry = unsafe { libc::getpwnam(text.as_ptr()).as_ref() };
    entry.map(|e| (e.pw_uid, e.pw_gid)).ok_or_else(|| format!("there is no user `{name}`"))
}

fn group_id(name: &str) -> Result<libc::gid_t, String> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let text = c_string(name)?;
    // SAFETY: as above.
    let entry = unsafe { libc::getgrnam(text.as_ptr()).as_ref() };
    entry.map(|e| e.gr_gid).ok_or_else(|| format!("there is no group `{name}`"))
}

fn raise_open_files(limit: u32) -> Result<(), String> {
    let wanted = libc::rlimit { rlim_cur: limit.into(), rlim_max: limit.into() };
    // SAFETY: the struct is valid for the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &wanted) } != 0 {
        return Err(format!("cannot raise open files to {limit}: {}", std::io::Error::last_os_error()));
    }
    Ok(())
}

fn forbid_core_dumps() -> Result<(), String> {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the struct is valid for the call.
    if unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) } != 0 {
        return Err(format!("cannot forbid core files: {}", std::io::Error::last_os_error()));
    }
    Ok(())
}

fn c_string(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("`{text}` holds a NUL byte"))
}
