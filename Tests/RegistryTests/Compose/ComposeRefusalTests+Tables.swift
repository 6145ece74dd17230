import Registry

extension ComposeRefusalTests {
    /// Keys of the Compose specification, and of older and newer ones, that no service may have; each with a value that
    /// Compose would take.
    static let serviceKeys = [
        "annotations: {a: b}", "attach: true", "blkio_config: {weight: 300}", "build: .", "build: {context: .}",
        "cap_add: [NET_ADMIN]", "cap_add: []", "cgroup: host", "cgroup_parent: m-executor", "configs: [x]",
        "cpu_count: 2", "cpu_percent: 50", "cpu_period: 20ms", "cpu_quota: 50000", "cpu_rt_period: 1",
        "cpu_rt_runtime: 1",
        "cpu_shares: 73", "cpuset: 0-3", "credential_spec: {file: x.json}", "deploy: {replicas: 6}",
        "develop: {watch: []}", "device_cgroup_rules: ['c 1:3 mr']", "devices: ['/dev/sda:/dev/xvda']",
        "devices: []", "dns_opt: [use-vc]", "dns_search: example.com", "domainname: example.org", "driver_opts: {a: b}",
        "env_file: .env", "env_file: [.env]", "env_file: [{path: ./.env, required: false}]",
        "extends: {file: common.yml, service: web}", "external_links: ['cell-api:api']",
        "extra_hosts: ['host.docker.internal:host-gateway']", "gpus: all", "group_add: [docker]", "ipc: host",
        "isolation: default", "label_file: ./x.labels", "labels: {a: b}", "labels: []", "links: ['cell-api:api']",
        "log_driver: syslog", "log_opt: {a: b}", "logging: {driver: syslog}", "mac_address: 02:42:ac:11:00:02",
        "mem_swappiness: 0", "memswap_limit: 1g", "models: [x]", "name: other", "net: host", "network_mode: host",
        "network_mode: none", "network_mode: 'container:cell-api'", "network_mode: 'service:cell-notes'",
        "oom_kill_disable: true", "oom_score_adj: -1000", "pid: host", "pid: 'container:cell-api'",
        "platform: linux/arm64",
        "ports: ['80:80']", "ports: ['127.0.0.1:80:80']", "ports: [{target: 80, published: '80'}]", "ports: []",
        "post_start: [{command: id, privileged: true}]", "pre_stop: [{command: id}]", "privileged: true",
        "privileged: false", "profiles: [never]", "provider: {type: x}", "pull_policy: build", "runtime: runc",
        "scale: 2", "secrets: [x]", "security_opt: ['seccomp:unconfined']", "security_opt: []",
        "storage_opt: {size: 1G}", "sysctls: {net.ipv4.ip_forward: 1}", "sysctls: []", "ulimits: {nproc: 65535}",
        "use_api_socket: true", "userns_mode: host", "uts: host", "volume_driver: local", "volumes_from: [cell-api]",
        "x-anything: 1", "Privileged: true", "PRIVILEGED: true", "привет: 1",
    ]

    private static let bind = "${PIC_PROJECT_DIR}"

    /// Values that are not what the key allows.
    static let values: [Forbidden] =
        [
            // The top level.
            Forbidden(top: "name", .key, "name: pic-other"), Forbidden(top: "include", .key, "include: [x.yml]"),
            Forbidden(top: "configs", .key, "configs: {x: {file: /etc/shadow}}"),
            Forbidden(top: "secrets", .key, "secrets: {x: {file: /etc/shadow}}"),
            Forbidden(top: "secrets", .key, "secrets: {x: {environment: HOME}}"),
            Forbidden(top: "models", .key, "models: {x: {model: y}}"), Forbidden(top: "x-a", .key, "x-a: 1"),
            Forbidden(top: "version", .key, "version: {a: 1}"),
            // Networks.
            Forbidden(top: "networks.default", .network, "networks: {default: {external: true}}"),
            Forbidden(top: "networks.other", .network, "networks: {cell-network: {external: true}, other: {}}"),
            Forbidden(
                top: "networks.cell-network.name", .network, "networks: {cell-network: {external: true, name: host}}"),
            Forbidden(top: "networks.cell-network.external", .network, "networks: {cell-network: {external: false}}"),
            Forbidden(
                top: "networks.cell-network.external", .network, "networks: {cell-network: {external: {name: host}}}"),
            Forbidden(top: "networks.cell-network.driver", .key, "networks: {cell-network: {driver: macvlan}}"),
            Forbidden(top: "networks.cell-network", .value, "networks: {cell-network: external}"),
            Forbidden(top: "networks", .value, "networks: [cell-network]"),
            Forbidden("networks.host", .network, "networks: [cell-network, host]"),
            Forbidden("networks", .network, "networks: {}"), Forbidden("networks", .value, "networks: cell-network"),
            Forbidden("networks", .network, "networks: []"),
            Forbidden("networks.cell-network.aliases", .key, "networks: {cell-network: {aliases: [cell-api]}}"),
            Forbidden(
                "networks.cell-network.ipv6_address", .key, "networks: {cell-network: {ipv6_address: 'fd00::1'}}"),
            Forbidden("networks.cell-network.driver_opts", .key, "networks: {cell-network: {driver_opts: {a: b}}}"),
            Forbidden("networks.cell-network.mac_address", .key, "networks: {cell-network: {mac_address: '02:42::'}}"),
            Forbidden(
                "networks.cell-network.ipv4_address", .address, "networks: {cell-network: {ipv4_address: 172.20.0.9}}"),
            Forbidden("networks.cell-network.ipv4_address", .address, "networks: {cell-network: {ipv4_address: }}"),
            Forbidden("dns", .address, "dns: 8.8.8.8"), Forbidden("dns", .address, "dns: [172.20.0.9, 8.8.8.8]"),
            Forbidden("dns", .address, "dns: []"), Forbidden("cap_drop", .value, "cap_drop: ALL"),
            Forbidden("cap_drop.0", .value, "cap_drop: ['ALL=']"), Forbidden("cap_drop.0", .value, "cap_drop: [1]"),
            // Named volumes.
            Forbidden(
                top: "volumes.vol.driver_opts", .volume,
                "volumes: {vol: {driver_opts: {type: none, o: bind, device: /}}}"),
            Forbidden(top: "volumes.vol.name", .volume, "volumes: {vol: {name: pic-files_files-data}}"),
            Forbidden(top: "volumes.vol.external", .volume, "volumes: {vol: {external: true}}"),
            Forbidden(top: "volumes.vol.external", .volume, "volumes: {vol: {external: {name: pic-files_files-data}}}"),
            Forbidden(top: "volumes.vol.driver", .volume, "volumes: {vol: {driver: local}}"),
            Forbidden(top: "volumes.vol.labels", .volume, "volumes: {vol: {labels: {a: b}}}"),
            Forbidden(top: "volumes.vol", .value, "volumes: {vol: local}"),
            Forbidden(top: "volumes", .value, "volumes: [vol]"),
            Forbidden(top: "volumes.v", .volume, "volumes: {v: }"),
            Forbidden(top: "volumes.a/b", .volume, "volumes: {a/b: }"),
            Forbidden(top: "volumes.../x", .volume, "volumes: {../x: }"),
            Forbidden("volumes.0", .volume, "volumes: ['undeclared:/data']"),
            // Mounts.
            Forbidden("volumes.0", .volume, "volumes: [/data]"),
            Forbidden("volumes.0", .volume, "volumes: ['vol:/data:z']"),
            Forbidden("volumes.0", .volume, "volumes: ['vol:/data:ro:z']"),
            Forbidden("volumes.0", .volume, "volumes: ['vol:/data:']"),
            Forbidden("volumes", .value, "volumes: vol"), Forbidden("volumes.0", .value, "volumes: [5]"),
            Forbidden("volumes.0.type", .value, "volumes: [{type: npipe, source: '\(bind)/config/notes', target: /d}]"),
            Forbidden(
                "volumes.0.bind", .key,
                "volumes: [{type: bind, source: '\(bind)/config/notes', target: /d, bind: {propagation: shared}}]"),
            Forbidden(
                "volumes.0.consistency", .key,
                "volumes: [{type: bind, source: '\(bind)/config/notes', target: /d, consistency: x}]"),
            Forbidden("volumes.0", .volume, "volumes: [{type: bind, source: '\(bind)/config/notes'}]"),
            Forbidden(
                "volumes.0.read_only", .value,
                "volumes: [{type: bind, source: '\(bind)/config/notes', target: /d, read_only: 'no'}]"),
            Forbidden("volumes.0", .bind, "volumes: ['/var/run/docker.sock:/docker.sock']"),
            Forbidden("volumes.0", .bind, "volumes: ['/:/host:ro']"),
            Forbidden("volumes.0", .bind, "volumes: ['./x:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['~/x:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['.:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['~:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['../x:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind):/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)/config:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)/config/notes2:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)/config/notes/../../data/keys:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)x/config/notes:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)/data/keys:/data']"),
            Forbidden("volumes.0", .bind, "volumes: ['\(bind)/data/services/notes:/data']"),
            Forbidden("volumes.0", .bind, "volumes: [{type: bind, source: /, target: /host}]"),
            Forbidden("volumes.0", .bind, "volumes: [{type: bind, source: config/notes, target: /d}]"),
        ]
        + [
            "/", "/etc", "/etc/x", "/var", "/app", "/proc/1", "/sys", "/dev/shm", "/run", "/run/x", "/boot/", "//etc",
            "/./etc",
            "/srv", "/srv/cell", "data", "/data/../etc",
        ].map {
            Forbidden("volumes.0", .mount, "volumes: ['\(bind)/config/notes:\($0)']")
        } + scalars

    private static let scalars: [Forbidden] =
        [
            Forbidden("tmpfs.0", .mount, "tmpfs: /etc"), Forbidden("tmpfs.0", .mount, "tmpfs: [run]"),
            Forbidden("tmpfs.0", .value, "tmpfs: ['/x:a:b']"), Forbidden("tmpfs.0", .mount, "tmpfs: ['/run/../etc']"),
            Forbidden("environment.A", .environment, "environment: {A: }"),
            Forbidden("environment.A", .environment, "environment: {A: [1]}"),
            Forbidden("environment.0", .environment, "environment: [A]"),
            Forbidden("environment.1", .environment, "environment: [A=1, A=2]"),
            Forbidden("environment", .value, "environment: A=1"),
            Forbidden("environment.LD_PRELOAD", .environment, "environment: {LD_PRELOAD: /x.so}"),
            Forbidden("environment.DOCKER_HOST", .environment, "environment: [DOCKER_HOST=x]"),
            Forbidden("environment.COMPOSE_FILE", .environment, "environment: {COMPOSE_FILE: x}"),
            Forbidden("environment.1A", .environment, "environment: {1A: x}"),
            Forbidden("environment.A=B", .environment, "environment: {A=B: x}"),
            Forbidden("environment.", .environment, "environment: [=x]"),
            Forbidden("hostname", .hostname, "hostname: cell-api"),
            Forbidden("hostname", .hostname, "hostname: git.pic.ngo"),
            Forbidden("hostname", .hostname, "hostname: api.alice.pic.ngo"),
            Forbidden("hostname", .hostname, "hostname: notes"),
            Forbidden("hostname", .hostname, "hostname: notes.bob.pic.ngo"),
            Forbidden("hostname", .hostname, "hostname: 5"),
            Forbidden("command.0", .value, "command: [{a: b}]"), Forbidden("entrypoint", .value, "entrypoint: {a: b}"),
            Forbidden("command", .value, "command: "), Forbidden("command", .value, "command: 5"),
            Forbidden("depends_on.0", .containers, "depends_on: [cell-api]"),
            Forbidden("depends_on.cell-api", .containers, "depends_on: {cell-api: {condition: service_started}}"),
            Forbidden("depends_on.cell-notes.condition", .value, "depends_on: {cell-notes: {condition: never}}"),
            Forbidden("depends_on.cell-notes.restart", .key, "depends_on: {cell-notes: {restart: true}}"),
            Forbidden("healthcheck.test", .value, "healthcheck: {test: }"),
            Forbidden("healthcheck.retries", .value, "healthcheck: {retries: '3'}"),
            Forbidden("healthcheck.interval", .value, "healthcheck: {interval: 30}"),
            Forbidden("healthcheck.disable", .value, "healthcheck: {disable: 'true'}"),
            Forbidden("healthcheck.start_interval", .key, "healthcheck: {start_interval: 1s}"),
            Forbidden("expose.0", .value, "expose: ['80-90']"), Forbidden("expose.0", .value, "expose: [70000]"),
            Forbidden("init", .value, "init: 'true'"), Forbidden("read_only", .value, "read_only: yes"),
            Forbidden("restart", .value, "restart: sometimes"), Forbidden("restart", .value, "restart: false"),
            Forbidden("user", .value, "user: 'a:b:c'"), Forbidden("working_dir", .value, "working_dir: data"),
            Forbidden("stop_signal", .value, "stop_signal: 'KILL 1'"),
            Forbidden("stop_grace_period", .value, "stop_grace_period: 30"),
            Forbidden("mem_limit", .value, "mem_limit: lots"), Forbidden("shm_size", .value, "shm_size: -1"),
            Forbidden("cpus", .value, "cpus: a"), Forbidden("pids_limit", .value, "pids_limit: -1"),
            Forbidden("container_name", .containers, "").replacing(
                "services:\n  cell-notes:\n    image: git.pic.ngo/roof/pic-notes:latest\n    container_name: cell-api\n"
            ),
        ]
        + [
            "nginx", "docker.io/library/nginx:1", "git.pic.ngo/roof/pic-notes", "git.pic.ngo/roof/a/b:1",
            "git.pic.ngo/roof/../x:1", "git.pic.ngo/roof/:1", "git.pic.ngo/roof/A:1", "git.pic.ngo/roof/a:",
            "git.pic.ngo/roof/a:1:2",
            "git.pic.ngo/roof/a@sha256:abc", "git.pic.ngo/roofx/a:1", "git.pic.ngo.evil.org/roof/a:1",
            "git.pic.ngo/roof/-a:1",
            "git.pic.ngo/roof/a___b:1", "git.pic.ngo/roof/a..b:1", " git.pic.ngo/roof/a:1", "git.pic.ngo/roof/a:1 ",
            "https://git.pic.ngo/roof/a:1", "GIT.PIC.NGO/roof/a:1",
        ].map { image in
            Forbidden("image", .image, image).replacing(
                "services:\n  cell-notes:\n    container_name: cell-notes\n    image: \"\(image)\"\n")
        }

    /// Lines with a value that the admin saved, and the rule that it breaks.
    static let resolved: [(String, String, ComposeRule)] = [
        ("volumes: ['${PIC_CFG_STORAGE_PATH}:/data']", "/", .bind),
        ("volumes: ['${PIC_CFG_STORAGE_PATH}:/data']", "/:/host", .volume),
        ("volumes: ['data:${PIC_CFG_STORAGE_PATH}']", "/etc", .mount),
        ("volumes: ['data:${PIC_CFG_STORAGE_PATH}']", "/data:shared", .volume),
        ("volumes: ['data:${PIC_CFG_STORAGE_PATH}']", "/data/../etc", .mount),
        ("volumes: ['${PIC_PROJECT_DIR}/config/notes/${PIC_CFG_STORAGE_PATH}:/data']", "../../../etc", .bind),
        ("hostname: '${PIC_CFG_STORAGE_PATH}'", "cell-api", .hostname),
        ("networks: {cell-network: {ipv4_address: '${PIC_CFG_STORAGE_PATH}'}}", "172.20.0.3", .address),
        ("user: '${PIC_CFG_STORAGE_PATH}'", "0\nprivileged: true", .value),
        ("environment: ['${PIC_CFG_STORAGE_PATH}=x']", "LD_PRELOAD", .environment),
        ("environment: ['A=1', '${PIC_CFG_STORAGE_PATH}']", "B", .environment),
    ]
}
