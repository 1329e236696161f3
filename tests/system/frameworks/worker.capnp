# How workerd serves examples/frameworks/apps/agents_worker.ts. The socket comes from --socket-addr.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # The local PropelAuth is on loopback.
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-05-01",
  compatibilityFlags = ["nodejs_compat"],
  bindings = [
    (name = "PROPELAUTH_AUTH_URL", fromEnvironment = "PROPELAUTH_AUTH_URL"),
    (name = "PROPELAUTH_INTROSPECTION_CLIENT_ID", fromEnvironment = "PROPELAUTH_INTROSPECTION_CLIENT_ID"),
    (name = "PROPELAUTH_INTROSPECTION_CLIENT_SECRET", fromEnvironment = "PROPELAUTH_INTROSPECTION_CLIENT_SECRET"),
    (name = "SERVER_URL", fromEnvironment = "SERVER_URL"),
  ],
  modules = [(name = "worker.js", esModule = embed "worker.js")],
);
