"""Each check of tidy.py finds what it is for, and passes what is right."""

import unittest

import tidy
from tidy import Tree

GOOD_HEADER = "#pragma once\n// A thing.\n\nnamespace adit {\nstruct Thing {};\n}\n"


class Checks(unittest.TestCase):
    def finds(self, check, files):
        self.assertTrue(list(check(Tree(files))), f"{check.__name__} passed {files}")

    def passes(self, check, files):
        self.assertEqual(list(check(Tree(files))), [])

    def test_layers(self):
        self.finds(tidy.layers, {"src/base/a.cpp": '#include "crypto/prf.h"\n'})
        self.finds(tidy.layers, {"src/stack/a.cpp": '#include "ike/engine/engine.h"\n'})
        self.finds(tidy.layers, {"src/odd/a.cpp": ""})
        self.passes(tidy.layers, {"src/crypto/a.cpp": '#include "base/bytes.h"\n', "src/ike/v2/b.cpp": '#include "ike/wire/message.h"\n'})

    def test_purity(self):
        self.finds(tidy.purity, {"src/ike/v2/a.cpp": "#include <sys/socket.h>\n"})
        self.finds(tidy.purity, {"src/nss/a.cpp": "auto t = std::chrono::system_clock::now();\n"})
        self.passes(tidy.purity, {"src/stack/user/a.cpp": "#include <sys/socket.h>\n"})

    def test_openssl(self):
        self.finds(tidy.openssl, {"src/ike/v2/a.cpp": "#include <openssl/evp.h>\n"})
        self.passes(tidy.openssl, {"src/nss/a.cpp": "#include <openssl/x509.h>\n"})

    def test_generated(self):
        self.finds(tidy.generated, {"src/daemons/iked/a.cpp": "#include <grpcpp/grpcpp.h>\n"})
        self.passes(tidy.generated, {"src/rpc/a.cpp": '#include "adit/v1/nss.grpc.pb.h"\n'})

    def test_names(self):
        self.finds(tidy.names, {"src/ike/v2/a.h": "class SessionManager {\n"})
        self.finds(tidy.names, {"src/ike/v2/a.h": "void close(int sa, bool by_peer);\n"})
        self.passes(tidy.names, {"src/ike/v2/a.h": "class Database {\n  bool is_open() const;\n"})

    def test_unfinished(self):
        self.finds(tidy.unfinished, {"src/base/a.cpp": "// TODO: later\n"})
        self.passes(tidy.unfinished, {"src/base/a.cpp": "// Later calls see it.\n"})

    def test_headers(self):
        self.finds(tidy.headers, {"src/base/a.h": "// no pragma\n"})
        self.finds(tidy.headers, {"src/base/a.h": "#pragma once\nstruct Undescribed {};\n"})
        self.finds(tidy.headers, {"src/base/a.h": '#pragma once\n// All.\n#include "b.h"\n#include "c.h"\n'})
        self.finds(tidy.headers, {"src/base/a.h": GOOD_HEADER + "using namespace std;\n"})
        self.finds(tidy.headers, {"src/base/a.h": GOOD_HEADER + "namespace adit::detail {}\n"})
        self.passes(tidy.headers, {"src/base/a.h": GOOD_HEADER})

    def test_lengths(self):
        self.finds(tidy.lengths, {"src/base/a.cpp": "\n" * (tidy.LONGEST_SOURCE + 1)})
        self.passes(tidy.lengths, {"src/base/a.cpp": "\n" * tidy.LONGEST_SOURCE})

    def test_dead_files(self):
        self.finds(tidy.dead_files, {"src/base/a.h": GOOD_HEADER})
        self.passes(tidy.dead_files, {"src/base/a.h": GOOD_HEADER, "src/base/a.cpp": '#include "base/a.h"\n'})

    def test_folder_readmes(self):
        self.finds(tidy.folder_readmes, {"src/base/a.cpp": ""})
        self.passes(tidy.folder_readmes, {"src/base/a.cpp": "", "src/base/README.md": "Octets."})

    def test_headings(self):
        self.finds(tidy.headings, {"docs/a.md": "#src / base"})
        self.passes(tidy.headings, {"docs/a.md": "# src/base"})

    def test_links(self):
        self.finds(tidy.links, {"docs/a.md": "[b](b.md)"})
        self.passes(tidy.links, {"docs/a.md": "[b](../README.md) [c](https://example.org/)", "README.md": ""})

    def test_stands_alone(self):
        self.finds(tidy.stands_alone, {"docs/a.md": "see ../shared/x"})
        self.passes(tidy.stands_alone, {"docs/a.md": "see docs/"})


if __name__ == "__main__":
    unittest.main()
