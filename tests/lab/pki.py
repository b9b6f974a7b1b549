"""Certificates for tests, made with the openssl command: an authority, leaves of each kind of key, key rings and TLS files for nssd."""

import pathlib
import shutil
import signal

from adit import Daemon, wait_for
from netns import run

KEY_WORDS = {
    "rsa": ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ecdsa256": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "ecdsa384": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "ecdsa521": ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["genpkey", "-algorithm", "ED25519"],
}
CA_CONFIGURATION = """
[ca]
default_ca = authority
[authority]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
policy = anything
unique_subject = no
copy_extensions = none
default_crl_days = 30
[anything]
countryName = optional
organizationName = optional
commonName = supplied
"""


class Leaf:
    """A certificate with its key, as files."""

    def __init__(self, label, certificate, key, authority):
        self.label, self.certificate, self.key, self.authority = label, certificate, key, authority

    def install(self, swanctl_folder):
        """Puts it where swanctl looks."""
        folder = pathlib.Path(swanctl_folder)
        for name in ("x509", "x509ca", "private"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.certificate, folder / "x509" / f"{self.label}.pem")
        shutil.copy(self.key, folder / "private" / f"{self.label}.pem")
        for above in self.authority.intermediates:
            shutil.copy(above.certificate, folder / "x509" / above.certificate_name())
        shutil.copy(self.authority.root.certificate, folder / "x509ca" / "ca.pem")


class Authority:
    """A certificate authority in a folder: a root, or one whose certificate `parent` signs."""

    def __init__(self, folder, name="Adit Test CA", kind="ecdsa256", parent=None):
        self.folder, self.name = pathlib.Path(folder), name
        self.root = parent.root if parent else self
        self.intermediates = [self, *parent.intermediates] if parent else []
        self.folder.mkdir(parents=True)
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.cnf").write_text(CA_CONFIGURATION.format(folder=self.folder))
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        run("openssl", *KEY_WORDS[kind], "-out", self.key)
        signer = ["-CA", parent.certificate, "-CAkey", parent.key] if parent else []
        run("openssl", "req", "-x509", "-new", "-key", self.key, "-days", 30, "-subj", f"/O=Adit/CN={name}", "-out", self.certificate, *signer,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def certificate_name(self):
        """A file name of its own among those of other authorities."""
        return self.name.replace(" ", "-") + ".pem"

    def leaf(self, label, kind, dns=None, address=None, email=None, common_name=None, usage="digitalSignature", extended="serverAuth,clientAuth,ipsecIKE", expired=False):
        key, request, certificate = (self.folder / f"{label}.{end}" for end in ("key", "csr", "pem"))
        run("openssl", *KEY_WORDS[kind], "-out", key)
        key.chmod(0o600)
        run("openssl", "req", "-new", "-key", key, "-subj", f"/O=Adit/CN={common_name or dns or address or label}", "-out", request)
        names = [f"DNS:{dns}"] if dns else []
        names += [f"IP:{address}"] if address else []
        names += [f"email:{email}"] if email else []
        extensions = self.folder / f"{label}.ext"
        extensions.write_text(f"basicConstraints=CA:FALSE\nkeyUsage=critical,{usage}\nextendedKeyUsage={extended}\n" +
                              (f"subjectAltName={','.join(names)}\n" if names else ""))
        dates = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"] if expired else ["-days", 10]
        run("openssl", "ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-in", request, "-out", certificate, "-extfile", extensions, *dates)
        return Leaf(label, certificate, key, self)


class NssHost:
    """An nssd in a namespace, with a key ring that holds the authority and the leaves named: {label: (kind, DNS name)}."""

    def __init__(self, programs, namespace, folder, authority, leaves, port=4159):
        self.namespace, self.folder, self.authority, self.port = namespace, pathlib.Path(folder), authority, port
        self.ring = self.folder / "ring"
        for name in ("certs", "private", "ca"):
            (self.ring / name).mkdir(parents=True, exist_ok=True)
        (self.ring / "private").chmod(0o700)
        shutil.copy(authority.certificate, self.ring / "ca" / "authority.pem")
        for label, (kind, dns) in leaves.items():
            self.install(authority.leaf(label, kind, dns=dns))
        tls = Authority(self.folder / "tls", name="Adit Test TLS CA")
        self.tls_ca = tls.certificate
        self.server = tls.leaf("server", "ecdsa256", dns="nss.example.org", address="127.0.0.1")
        self.client = tls.leaf("client", "ecdsa256", dns="iked.example.org")
        self.configuration = self.folder / "nssd.conf"
        self.configuration.write_text(f"""NssConfig
{{
  Port {port}
  Address 127.0.0.1
  KeyRing {self.ring}
  TlsCertificate {self.server.certificate}
  TlsKey {self.server.key}
  TlsCa {self.tls_ca}
}}
NssClient east-host
{{
  TlsIdentity iked.example.org
  ServiceType Cert
  SignWith *
  UseCa *
}}
""")
        self.daemon = Daemon("nssd", namespace.inside(pathlib.Path(programs) / "nssd", "-c", self.configuration, "--log-level", "debug"), self.folder / "nssd.log")

    def install(self, leaf):
        shutil.copy(leaf.certificate, self.ring / "certs" / f"{leaf.label}.pem")
        key = self.ring / "private" / f"{leaf.label}.pem"
        shutil.copy(leaf.key, key)
        key.chmod(0o600)
        for above in leaf.authority.intermediates:
            shutil.copy(above.certificate, self.ring / "certs" / above.certificate_name())

    def change(self, old, new):
        """Changes nssd.conf, which nssd reads when it starts or is told to."""
        text = self.configuration.read_text()
        assert old in text, text
        self.configuration.write_text(text.replace(old, new))

    def refresh(self, message):
        """Has nssd read everything again, and waits for the line of its log with this id."""
        seen = self.daemon.log().count(message)
        self.daemon.send(signal.SIGHUP)
        wait_for(lambda: self.daemon.log().count(message) > seen, 10, f"nssd to tell {message}:\n{self.daemon.log()}")

    def client_lines(self):
        """What iked.conf's IkeConfig needs to reach this nssd."""
        return (f"  NetworkSecurityServer 127.0.0.1 Port {self.port} Identity Fqdn nss.example.org\n  TlsCertificate {self.client.certificate}\n"
                f"  TlsKey {self.client.key}\n  TlsCa {self.tls_ca}\n")

    def stack_lines(self, stack):
        return f"NssStackConfig {stack}\n{{\n  ClientName east-host\n  ServiceType Cert\n}}\n"

    def __enter__(self):
        self.daemon.start()
        return self

    def __exit__(self, *_):
        self.daemon.stop()
