//! The image and `docker-compose.yml`, as far as they can be checked without an engine: what they start exists, what they
//! set is read, and no container has more than it needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Program;
use crate::harness::program::free_port;

const PROGRAM: [&str; 4] = ["migrate", "api", "jobs", "web"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

fn compose() -> Value {
    let mut yaml: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(&read("docker-compose.yml")).unwrap();
    yaml.apply_merge().unwrap();
    serde_json::to_value(yaml).unwrap()
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// What the program knows, by `config check`: name, and which of the processes asked for read it.
fn read_by(role: &str) -> BTreeSet<String> {
    let check = ["config", "check", "--json", "--role", role];
    let output = Program::output(&check, &[("APP_ENV", "dev")]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let settings = told["settings"].as_array().unwrap().iter();
    settings.map(|setting| setting["name"].as_str().unwrap().to_owned()).collect()
}

/// Names in `${NAME…}`.
fn substituted(text: &str) -> BTreeSet<&str> {
    let end = |rest: &str| rest.find(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
    text.split("${").skip(1).map(|rest| &rest[..end(rest).unwrap()]).collect()
}

#[test]
fn everything_starts_with_the_ports_and_checks_of_the_operations_guide() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    let names: BTreeSet<_> = services.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(["api", "db", "jobs", "migrate", "redis", "web"]));
    for (service, port, interval) in [
        ("db", "5432", "5s"),
        ("redis", "6379", "10s"),
        ("api", "8000", "10s"),
        ("jobs", "8001", "10s"),
        ("web", "3000", "10s"),
    ] {
        let told = &services[service];
        assert_eq!(told["healthcheck"]["interval"], interval, "{service}");
        let open = told["ports"].as_array().or(told["expose"].as_array()).unwrap();
        assert!(open[0].as_str().unwrap().ends_with(port), "{service}");
        assert_eq!(told["restart"], "unless-stopped", "{service}");
    }
    for (service, volume) in [
        ("db", "pg_data:/var/lib/postgresql/data"),
        ("redis", "redis_data:/data"),
        ("api", "audit_spool:/app/var/spool"),
    ] {
        assert!(words(&services[service]["volumes"]).contains(&volume), "{service}");
        let name = volume.split(':').next().unwrap();
        assert!(compose["volumes"].as_object().unwrap().contains_key(name), "{name}");
    }
    // What waits for the database is kept where it outlives the container and may be written.
    let spool = services["api"]["environment"]["AUDIT_SPOOL_FILE"].as_str().unwrap();
    assert!(
        spool.starts_with("/app/var/spool/") && read("Dockerfile").contains(" /app/var/spool ")
    );
    for service in ["api", "jobs"] {
        let state = "./ops/state:/opt/cleaning/ops/state:ro";
        assert!(words(&services[service]["volumes"]).contains(&state), "{service}");
        let ready = &services[service]["depends_on"];
        assert_eq!(ready["db"]["condition"], "service_healthy");
        assert_eq!(ready["migrate"]["condition"], "service_completed_successfully");
    }
    assert_eq!(services["migrate"]["restart"], "no");
}

#[test]
fn every_command_in_them_is_one_of_the_program() {
    let compose = compose();
    let mut commands: Vec<Vec<String>> = Vec::new();
    let owned = |list: Vec<&str>| list.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>();
    for service in PROGRAM {
        commands.push(owned(words(&compose["services"][service]["command"])));
        if let Some(check) = compose["services"][service]["healthcheck"]["test"].as_array() {
            assert_eq!(check[0], "CMD");
            commands.push(owned(words(&Value::from(check[1..].to_vec()))));
        }
    }
    let dockerfile = read("Dockerfile");
    let default = dockerfile.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    commands.push(serde_json::from_str(default).unwrap());
    assert_eq!(commands.len(), 8);
    for command in commands {
        assert_eq!(command[0], "cleaning");
        let arguments: Vec<_> = command[1..].iter().map(String::as_str).collect();
        let asked = [&arguments[..], &["--help"]].concat();
        assert_eq!(Program::output(&asked, &[]).status.code(), Some(0), "{command:?}");
    }
}

#[test]
fn containers_of_the_program_may_do_nothing_but_run_it() {
    let compose = compose();
    for service in PROGRAM {
        let told = &compose["services"][service];
        assert_eq!(told["read_only"], true, "{service}");
        assert_eq!(told["cap_drop"][0], "ALL", "{service}");
        assert_eq!(told["security_opt"][0], "no-new-privileges:true", "{service}");
        assert_eq!(told["user"], "10001:10001", "{service}");
        assert!(told["privileged"].is_null(), "{service}");
    }
    assert!(read("Dockerfile").contains("\nUSER 10001:10001\n"));
    // Nothing is reachable from outside the machine, and the screens cannot reach the database.
    for (name, service) in compose["services"].as_object().unwrap() {
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
    assert_eq!(words(&compose["services"]["web"]["networks"]), ["front"]);
    assert_eq!(words(&compose["services"]["db"]["networks"]), ["data"]);
}

#[test]
fn the_screens_get_what_they_read_and_no_secret_of_others() {
    let compose = compose();
    let web = &compose["services"]["web"];
    assert!(web["env_file"].is_null());
    let given: BTreeSet<String> = web["environment"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(given, read_by("web"));
    let db = &compose["services"]["db"];
    assert!(db["env_file"].is_null());
    assert_eq!(db["environment"].as_object().unwrap().len(), 3);
}

#[test]
fn the_example_has_everything_it_must_have_and_is_refused_as_it_is() {
    let example = root().join(".env.example");
    let check = |file: &Path| {
        let check = ["config", "check", "--json", "--env", file.to_str().unwrap()];
        let output = Program::output(&check, &[]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let told = check(&example);
    assert_eq!(told["ok"], false);
    assert_eq!(told["warnings"].as_array().unwrap().len(), 1, "{told}");

    let mut filled = read(".env.example");
    for (placeholder, value) in [
        ("<administrator-password>", "b7d15e0c93f2"),
        ("<app-password>", "0f6ac2d9e481"),
        ("<worker-password>", "93ce7a10b5d8"),
        ("<version:key>", "1:c3VwZXJjYWxpZnJhZ2lsaXN0aWNleHBpYWxpZG9jaW8="),
        ("<seed>", "dGhlcXVpY2ticm93bmZveGp1bXBzb3ZlcnRoZWxhenk="),
        ("<your-domain>", "maple.example.com"),
    ] {
        assert!(filled.contains(placeholder), "{placeholder}");
        filled = filled.replace(placeholder, value);
    }
    for value in ["2b8e4f60a1c95d73e8f0429ab6d1c357", "c09d7e31f56a84b2075c6be9d3148fa2"] {
        filled = filled.replacen("<random-string>", value, 1);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &filled).unwrap();
    let told = check(file.path());
    assert_eq!(told["errors"], Value::Array(Vec::new()), "{told}");

    // What the containers take from it is in it, commented out if there is a default.
    for name in substituted(&read("docker-compose.yml")) {
        let of_the_call = ["ENV_FILE", "IMAGE_TAG", "LOG_ALLOW_DEBUG"].contains(&name);
        assert!(of_the_call || filled.contains(&format!("{name}=")), "{name}");
    }
    // And every commented line is a variable of the program or the containers too.
    std::fs::write(file.path(), filled.replace("\n#", "\n").replace("\n ", "\n# ")).unwrap();
    let warnings = check(file.path())["warnings"].to_string();
    assert!(!warnings.contains("not read by"), "{warnings}");
}

#[test]
fn secrets_stay_out_of_the_image_and_out_of_the_repository() {
    for file in [".dockerignore", ".gitignore"] {
        let ignored = read(file);
        let lines: BTreeSet<_> = ignored.lines().collect();
        assert!(lines.contains(".env") && lines.contains(".env.*"), "{file}");
    }
    let secrets = read("docker-compose.yml") + &read("Dockerfile");
    assert!(!secrets.contains("://cleaning_") && !secrets.contains("PASSWORD: \""));
}

#[test]
fn the_image_is_built_with_the_compiler_of_the_repository() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.split("channel = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(read("Dockerfile").contains(&format!("\nARG RUST={channel}\n")));
}

#[tokio::test]
async fn the_first_page_is_well_even_when_the_api_is_away() {
    let address = format!("127.0.0.1:{}", free_port());
    let environment =
        [("APP_ENV", "dev"), ("WEB_BIND", &*address), ("API_URL", "http://127.0.0.1:1")];
    let _web = Program::start(&["web"], &environment);
    let url = format!("http://{address}/");
    let well = || Program::output(&["health", "--url", &url], &[]).status.success();
    // Each look takes as long as starting a program: enough of them for any machine.
    assert!((0..1000).any(|_| well()));
}
