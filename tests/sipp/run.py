#!/usr/bin/env python3
"""Sample scripts over real sockets: the release binary between sipp phones.

Runs in a network namespace of its own when started as root, else on loopback. Every wait has a deadline and ends on an
event: a line of output, a process that ends. The last line is `N passed, N failed`.

    python3 tests/sipp/run.py [NAME...]      cases whose name contains one of the words
"""
import contextlib, os, re, selectors, signal, socket, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCENARIOS = os.path.join(ROOT, "tests/sipp/scenarios")
BINARY = os.environ.get("SIPSCRIPT", os.path.join(ROOT, "target/release/sipscript"))
DEADLINE = 30

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Failed(Exception):
    pass


def enter_namespace():
    """A namespace with nothing but loopback, so that the samples' own ports are free."""
    if os.geteuid() != 0 or os.environ.get("SIPSCRIPT_NETNS"):
        return
    os.environ["SIPSCRIPT_NETNS"] = "1"
    up = 'ip link set lo up && exec "$@"'
    command = ["unshare", "--net", "sh", "-c", up, "sh", sys.executable, *sys.argv]
    os.execvp(command[0], command)


class Server:
    """The server in the foreground; `log` is what it wrote to stderr."""

    def __init__(self, arguments, cwd=ROOT):
        self.process = subprocess.Popen([BINARY, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stderr, selectors.EVENT_READ)
        self.log = ""

    def read(self, timeout):
        if not self.selector.select(timeout):
            return False
        data = self.process.stderr.read()
        if data:
            self.log += data.decode("utf-8", "replace")
        return bool(data)

    def wait_for(self, pattern, seconds=DEADLINE):
        end = time.monotonic() + seconds
        while not re.search(pattern, self.log):
            left = end - time.monotonic()
            if left <= 0 or (not self.read(left) and self.process.poll() is not None):
                raise Failed(f"no `{pattern}` in the server's log:\n{self.log}")

    def stop(self):
        """SIGTERM must end it with 0 within five seconds."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed("still running five seconds after SIGTERM") from None
        while self.read(0):
            pass
        if code != 0:
            raise Failed(f"ended with {code} on SIGTERM:\n{self.log}")


@contextlib.contextmanager
def serving(script):
    server = Server(["run", os.path.join("scripts", script)])
    try:
        server.wait_for(r"(?m)^ready\b")
        yield server
        server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


class Phone:
    """A sipp process."""

    def __init__(self, scenario, local, remote=None, calls=1, extra=()):
        self.folder = tempfile.mkdtemp(prefix="sipp")
        host, port = local.rsplit(":", 1)
        command = ["sipp", "-sf", os.path.join(SCENARIOS, scenario), "-i", host, "-p", port, "-m", str(calls),
                   "-nostdin", "-trace_err", "-trace_msg", "-timeout", str(DEADLINE), "-timeout_error", *extra]
        if remote:
            command.append(remote)
        self.scenario = scenario
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def listening(self, port):
        """Waits until the phone holds its port."""
        end = time.monotonic() + DEADLINE
        needle = f":{port:04X} "
        while time.monotonic() < end:
            if any(needle in open(f).read() for f in ("/proc/net/udp", "/proc/net/udp6")):
                return self
            if self.process.poll() is not None:
                break
            os.sched_yield()
        raise Failed(f"{self.scenario} does not listen on {port}")

    def messages(self):
        files = [f for f in os.listdir(self.folder) if f.endswith("_messages.log")]
        return "".join(open(os.path.join(self.folder, f), errors="replace").read() for f in files)

    def finish(self):
        try:
            code = self.process.wait(DEADLINE + 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed(f"{self.scenario} did not end") from None
        if code != 0:
            raise Failed(f"{self.scenario} ended with {code}:\n{self.messages()[-4000:]}")
        return self.messages()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def phones(*started):
    try:
        yield started
    finally:
        for phone in started:
            phone.stop()


@case
def proxy_carries_a_call():
    with serving("proxy.cfg"):
        with phones(Phone("uas.xml", "127.0.0.1:5080", calls=5).listening(5080)) as (callee,):
            caller = Phone("uac.xml", "127.0.0.1:5070", "127.0.0.1:5060", calls=5)
            with phones(caller):
                sent = caller.finish()
                callee.finish()
                if "Record-Route: <sip:127.0.0.1" not in sent:
                    raise Failed("the answer carries no Record-Route of the proxy")


@case
def proxy_cancels_a_ringing_call():
    with serving("proxy.cfg"):
        with phones(Phone("uas_cancel.xml", "127.0.0.1:5080").listening(5080)) as (callee,):
            caller = Phone("uac_cancel.xml", "127.0.0.1:5070", "127.0.0.1:5060")
            with phones(caller):
                caller.finish()
                callee.finish()


@case
def a_call_over_ipv6():
    script = """
socket=udp:[::1]:5060
loadmodule "proto_udp.so"
loadmodule "tm.so"
loadmodule "rr.so"
route {
    if (has_totag()) { loose_route(); t_relay(); exit; }
    record_route();
    $du = "sip:[::1]:5080";
    t_relay();
}
""".replace('loadmodule "rr.so"', 'loadmodule "rr.so"\nloadmodule "sipmsgops.so"')
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(script)
        file.flush()
        with serving(file.name):
            with phones(Phone("uas.xml", "[::1]:5080").listening(5080)) as (callee,):
                caller = Phone("uac.xml", "[::1]:5070", "[::1]:5060")
                with phones(caller):
                    caller.finish()
                    callee.finish()


@case
def attended_transfer_imports_the_replaced_calls_data():
    with serving("attended_transfer.cfg") as server:
        with phones(Phone("uas.xml", "127.0.0.1:5080", calls=2).listening(5080)) as (callee,):
            consult = Phone("uac_hold.xml", "127.0.0.1:5070", "127.0.0.1:5060",
                            extra=["-cid_str", "consult-%u@example", "-d", "4000", "-s", "carol"])
            with phones(consult):
                server.wait_for(r"consult-1@example.* answered")
                transfer = Phone("uac_replaces.xml", "127.0.0.1:5071", "127.0.0.1:5060",
                                 extra=["-key", "replaces", "consult-1@example", "-s", "carol"])
                with phones(transfer):
                    transfer.finish()
                    consult.finish()
                    callee.finish()
        server.wait_for(r"imported from consult-1@example")
        server.wait_for(r"(?s)ACC: call ended: .*ACC: call ended: ")
        records = re.findall(r"ACC: call ended: .*", server.log)
        if not all("account=alice" in record for record in records):
            raise Failed("the records do not share the account:\n" + "\n".join(records))


@case
def a_parked_caller_is_retrieved_with_his_data():
    with serving("call_parking.cfg") as server:
        with phones(Phone("uas.xml", "127.0.0.1:5090").listening(5090)) as (music,):
            parked = Phone("uac_hold.xml", "127.0.0.1:5070", "127.0.0.1:5060",
                           extra=["-d", "3000", "-s", "701", "-oocsf", os.path.join(SCENARIOS, "uas.xml")])
            with phones(parked):
                server.wait_for(r"alice is parked on 701")
                retriever = Phone("uac_user.xml", "127.0.0.1:5071", "127.0.0.1:5060",
                                  extra=["-key", "user", "carol", "-s", "*701"])
                with phones(retriever):
                    retriever.finish()
                    parked.finish()
                    music.finish()
        server.wait_for(r"carol retrieves alice from 701")
        server.wait_for(r"(?s)ACC: call ended: .*ACC: call ended: ")
        records = re.findall(r"ACC: call ended: .*", server.log)
        if not all("customer=alice;orbit=701" in record for record in records):
            raise Failed("the records do not share the customer:\n" + "\n".join(records))


@case
def a_ringing_call_is_picked_up():
    for dialled in ("*8sales.ann", "*9"):
        with serving("call_pickup.cfg") as server:
            with phones(Phone("uas_cancel.xml", "127.0.0.1:5080").listening(5080)) as (ringing,):
                caller = Phone("uac_cancel.xml", "127.0.0.1:5070", "127.0.0.1:5060",
                               extra=["-d", "3000", "-s", "sales.ann", "-oocsf", os.path.join(SCENARIOS, "uas.xml")])
                with phones(caller):
                    server.wait_for(r"sales.ann rings")
                    colleague = Phone("uac_user.xml", "127.0.0.1:5071", "127.0.0.1:5060",
                                      extra=["-key", "user", "sales.ben", "-s", dialled])
                    with phones(colleague):
                        colleague.finish()
                        caller.finish()
                        ringing.finish()
            server.wait_for(r"sales.ben picks up the call of alice")


@case
def calls_of_one_room_share_a_server():
    with serving("conference_grouping.cfg") as server:
        with phones(Phone("uas.xml", "127.0.0.1:5081", calls=3).listening(5081),
                    Phone("uas.xml", "127.0.0.1:5082", calls=1).listening(5082)) as (first, second):
            room = Phone("uac_hold.xml", "127.0.0.1:5070", "127.0.0.1:5060", calls=3,
                         extra=["-d", "2000", "-s", "3001"])
            with phones(room):
                server.wait_for(r"participant 3 of room 3001 goes to 127.0.0.1:5081")
                other = Phone("uac.xml", "127.0.0.1:5071", "127.0.0.1:5060", extra=["-s", "3002"])
                with phones(other):
                    other.finish()
                    room.finish()
                    first.finish()
                    second.finish()
        server.wait_for(r"room 3002 goes to 127.0.0.1:5082")


@case
def a_daemon_reports_to_its_parent_and_ends_on_sigterm():
    with tempfile.TemporaryDirectory() as folder:
        pid_file = os.path.join(folder, "pid")
        script = os.path.join(ROOT, "scripts/proxy.cfg")

        def start(*options):
            with open(os.path.join(folder, "log"), "w") as log:
                return subprocess.run([BINARY, "-f", script, *options], timeout=DEADLINE, stdout=log, stderr=log)

        parent = start("-P", pid_file)
        if parent.returncode != 0:
            raise Failed(f"the parent ended with {parent.returncode}")
        pid = int(open(pid_file).read())
        second = start()
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 5
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
            os.sched_yield()
        if os.path.exists(f"/proc/{pid}"):
            os.kill(pid, signal.SIGKILL)
            raise Failed("the daemon did not end on SIGTERM")
        if os.path.exists(pid_file):
            raise Failed("the daemon left its pid file")
        if second.returncode != 255:
            raise Failed(f"a second server on the same socket ended with {second.returncode}, not 255")


@case
def garbage_does_not_disturb_a_call():
    with serving("proxy.cfg"):
        with phones(Phone("uas.xml", "127.0.0.1:5080").listening(5080)) as (callee,):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noise:
                for size in (0, 1, 4, 500, 8000, 60000):
                    noise.sendto(os.urandom(size), ("127.0.0.1", 5060))
                noise.sendto(b"INVITE sip:x SIP/2.0\r\n\r\n", ("127.0.0.1", 5060))
                noise.sendto(b"\r\n\r\n", ("127.0.0.1", 5060))
            caller = Phone("uac.xml", "127.0.0.1:5070", "127.0.0.1:5060")
            with phones(caller):
                caller.finish()
                callee.finish()


def main():
    enter_namespace()
    words = sys.argv[1:]
    chosen = {n: f for n, f in CASES.items() if not words or any(w in n for w in words)}
    passed = failed = 0
    for name, run in chosen.items():
        try:
            run()
            passed += 1
            print(f"ok   {name}", flush=True)
        except (Failed, OSError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"FAIL {name}: {error}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
