"""A guest whose kernel has ESP and AH, for a machine whose own has not: Debian's stock kernel under qemu, without KVM.

usage: guest.py prepare FOLDER                  fetches the kernel and unpacks it there: once, by apt-get download; nothing is installed
       guest.py [-t SECONDS] run FOLDER -- COMMAND...

The command runs as root over a copy-on-write view of the machine's file system: the same programs at the same paths, and what it writes is gone with the
guest. It has no link to any network. Packages: qemu-system-x86 busybox-static cpio kmod.
"""

import argparse
import lzma
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

EARLY_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")  # what reaches the machine's file system
MODULES = ("veth tun xfrm_user esp4 esp6 ah4 ah6 xfrm_algo nf_tables authenc echainiv seqiv cbc ctr gcm ccm cmac xcbc hmac des_generic "
           "chacha20poly1305 sha512_generic aesni_intel").split()
PROGRAMS = ("qemu-system-x86_64", "busybox", "cpio", "modprobe")
CPUS, MEMORY = 2, "1G"
SHUTDOWN_SECONDS = 5

# In the initramfs: the machine's files and the folder of this run, by 9p; then the script of the run.
INIT = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin; export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /host || poweroff -f
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none,msize=131072 run /io || poweroff -f
exec sh /io/enter
"""
# Makes the copy-on-write view and goes there. {modules}: the folder of the unpacked modules, as the machine sees it.
ENTER = r"""mount -t tmpfs -o size=80%,mode=755 tmpfs /t
mkdir /t/up /t/work /t/new
mount -t overlay -o lowerdir=/host,upperdir=/t/up,workdir=/t/work overlay /t/new || poweroff -f
cd /t/new
mount -t proc proc proc; mount -t sysfs sysfs sys; mount -t devtmpfs dev dev
mkdir -p dev/pts dev/shm dev/net
mount -t devpts devpts dev/pts; mount -t tmpfs -o mode=1777 tmpfs dev/shm; mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs run
mkdir -p run/netns run/io lib/modules/$(uname -r)
mount --bind /t/new{modules} lib/modules/$(uname -r)
mount --move /io run/io
exec chroot /t/new /bin/bash /run/io/stay
"""
# Runs the command, leaves its status, and ends the guest without a word to anybody: nothing in it is worth keeping.
STAY = r"""export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
modprobe -q -a {modules} 2>/dev/null
[ -c /dev/net/tun ] || mknod /dev/net/tun c 10 200
ip link set lo up
cd {folder}
{variables} {command} </dev/null >>/run/io/output 2>&1
echo $? >/run/io/status
echo o >/proc/sysrq-trigger
sleep 60
"""


class Unavailable(Exception):
    """Why there is no guest here."""


def missing(folder):
    """What a guest would still need, or an empty text."""
    programs = [name for name in PROGRAMS if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]
    if programs:
        return f"{' and '.join(programs)} not installed"
    return "" if (pathlib.Path(folder) / "ready").exists() else f"no kernel in {folder}: guest.py prepare {folder} fetches it"


def output_of(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options).stdout


def elf_of(compressed):
    """The kernel inside a vmlinuz: qemu starts it at once, where the machine would have to unpack it under emulation."""
    at = compressed.find(b"\xfd7zXZ\0")
    while at >= 0:
        try:
            unpacked = lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(compressed[at:])
        except lzma.LZMAError:
            unpacked = b""
        if unpacked.startswith(b"\x7fELF"):
            return unpacked
        at = compressed.find(b"\xfd7zXZ\0", at + 1)
    raise Unavailable("no ELF kernel in vmlinuz")


def prepare(folder):
    folder = pathlib.Path(folder).resolve()
    if (folder / "ready").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    unpacked, tree = folder / "package", folder / "initramfs"
    unpacked.mkdir(parents=True)
    depends = output_of("apt-cache", "depends", "linux-image-amd64").split()
    package = next((word for word in depends if word.startswith("linux-image-") and word != "linux-image-amd64"), None)
    if package is None:
        raise Unavailable("apt-cache knows no linux-image-amd64: apt-get update")
    output_of("apt-get", "-o", "APT::Sandbox::User=root", "download", package, cwd=folder)
    deb = next(folder.glob("*.deb"))
    output_of("dpkg-deb", "-x", deb, unpacked)
    deb.unlink()
    (folder / "vmlinux").write_bytes(elf_of(next(unpacked.glob("boot/vmlinuz-*")).read_bytes()))
    release = next(unpacked.glob("lib/modules/*")).name
    output_of("depmod", "-b", unpacked, release)
    for name in ("bin", "modules", "proc", "sys", "dev", "host", "io", "t"):
        (tree / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), tree / "bin/busybox")
    needed = []
    for module in EARLY_MODULES:
        for line in output_of("modprobe", "-d", unpacked, "-S", release, "--show-depends", module).splitlines():
            if line.startswith("insmod") and line.split()[1] not in needed:
                needed.append(line.split()[1])
    for number, file in enumerate(needed):
        shutil.copy(file, tree / "modules" / f"{number:03}-{pathlib.Path(file).name}")
    (tree / "init").write_text(INIT)
    (tree / "init").chmod(0o755)
    output_of("sh", "-c", "find . | cpio -o -H newc --quiet | gzip -1 >../initrd.gz", cwd=tree)
    (folder / "ready").touch()


def words_of_qemu(folder, run_folder):
    def share(name, path, options=""):
        return ["-fsdev", f"local,id={name},path={path},security_model=none{options}", "-device", f"virtio-9p-pci,fsdev={name},mount_tag={name}"]

    return ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max", "-smp", str(CPUS), "-m", MEMORY, "-nodefaults",
            "-no-user-config", "-display", "none", "-serial", f"file:{run_folder}/console", "-no-reboot", "-kernel", f"{folder}/vmlinux", "-initrd",
            f"{folder}/initrd.gz", "-append", "console=ttyS0 panic=-1 quiet nokaslr mitigations=off random.trust_cpu=on sysrq_always_enabled",
            *share("host", "/", ",readonly=on,multidevs=remap"), *share("run", run_folder)]


def run(folder, command, variables=None, seconds=300, cwd="/"):
    """Runs the command in a guest; its exit status and what it printed. Raises Unavailable when the guest did not come to its end in time."""
    folder = pathlib.Path(folder).resolve()
    if reason := missing(folder):
        raise Unavailable(reason)
    with tempfile.TemporaryDirectory(prefix="adit-guest-") as name:
        run_folder = pathlib.Path(name)
        modules = next(folder.glob("package/lib/modules/*"))
        assignments = " ".join(f"{key}={shlex.quote(value)}" for key, value in (variables or {}).items())
        (run_folder / "enter").write_text(ENTER.format(modules=modules))
        (run_folder / "stay").write_text(STAY.format(modules=" ".join(MODULES), folder=shlex.quote(str(cwd)), variables=assignments,
                                                     command=shlex.join(map(str, command))))
        (run_folder / "output").touch()
        with open(run_folder / "qemu", "wb") as log:
            machine = subprocess.Popen(words_of_qemu(folder, run_folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        status, end = run_folder / "status", time.monotonic() + seconds
        try:
            while machine.poll() is None and time.monotonic() < end and not (status.exists() and status.read_text().endswith("\n")):
                time.sleep(0.1)
            if status.exists():
                try:
                    machine.wait(SHUTDOWN_SECONDS)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            machine.kill()
            machine.wait()
        output = (run_folder / "output").read_text(errors="replace")
        if status.exists():
            return int(status.read_text()), output
        console = (run_folder / "console").read_text(errors="replace") if (run_folder / "console").exists() else ""
        late = f"no end after {seconds} s" if time.monotonic() >= end else "it ended without a status"
        raise Unavailable(f"{late}; it printed:\n{output}\n--- console\n{console[-2000:]}\n--- qemu\n{(run_folder / 'qemu').read_text()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("prepare", "run"))
    parser.add_argument("folder")
    parser.add_argument("-t", type=int, default=300, metavar="SECONDS")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    try:
        if chosen.action == "prepare":
            return prepare(chosen.folder)
        status, output = run(chosen.folder, [word for word in chosen.command if word != "--"], seconds=chosen.t, cwd=os.getcwd())
    except (Unavailable, subprocess.CalledProcessError) as failure:
        sys.exit(f"guest: {failure}{getattr(failure, 'stderr', None) or ''}")
    print(output, end="")
    sys.exit(status)


if __name__ == "__main__":
    main()
