"""Each check of conformance.py finds what it is for, and passes what is right."""

import unittest

import conformance
from conformance import Tree

LIST = """
document = "RFC 1"
title = "A Protocol"
url = "https://example.org/"
[sections]
"2.1" = "Timers"
"2.2" = "Numbers"
[requirements."2.1-1"]
level = "MUST"
says = "a request comes again"
code = ["src/a"]
[requirements."2.1-2"]
level = "SHOULD"
says = "it comes later each time"
code = ["src/a.cpp"]
[requirements."2.2-1"]
level = "MUST NOT"
says = "a number does not come again"
code = ["src/b"]
"""
SOURCES = {
    "src/a.h": "#pragma once\n// Timers (RFC 1\n// §2.1).\n",
    "src/a.cpp": "// RFC 2 §7, RFC 1 §2.1, §2.4\n",
    "src/b.cpp": "int b;  ///< RFC 1 §2.2\n",
}
TESTS = {
    "tests/a_test.cpp": "// Shows RFC 1 2.1-1,\n// 2.1-2.\nTEST_F(Timer, Works) {\n",
    "tests/b_test.py": "class B:\n    # Shows RFC 1 2.2-1.\n    def test_b(self):\n",
}


def tree(changes=None, requirements=LIST):
    files = {"tools/conformance/rfc1.toml": requirements} | SOURCES | TESTS | (changes or {})
    return Tree({path: text for path, text in files.items() if text is not None})


class Findings(unittest.TestCase):
    def finds(self, part, files, strict=False):
        findings, _ = conformance.check(files, strict)
        self.assertTrue(any(part in finding for finding in findings), f"no {part!r} in {findings}")

    def passes(self, files, strict=False):
        self.assertEqual(conformance.check(files, strict)[0], [])

    def test_nothing_where_all_is_right(self):
        self.passes(tree())

    def test_a_must_without_a_test(self):
        self.finds("2.2-1: MUST NOT without a test", tree({"tests/b_test.py": None}))

    def test_a_should_may_have_none(self):
        self.passes(tree({"tests/a_test.cpp": "// Shows RFC 1 2.1-1.\nTEST(Timer, Works) {\n"}))

    def test_a_marker_of_no_requirement(self):
        self.finds("a_test.cpp:1: RFC 1 2.1-9 is no requirement", tree({"tests/a_test.cpp": "// Shows RFC 1 2.1-1, 2.1-9.\nTEST(A, B) {\n"}))
        self.finds("there is no list of RFC 9", tree({"tests/c_test.cpp": "// Shows RFC 9 2.1-1.\nTEST(A, B) {\n"}))
        self.finds("2.1-1 twice", tree({"tests/c_test.cpp": "// Shows RFC 1 2.1-1, 2.1-1.\nTEST(A, B) {\n"}))

    def test_a_marker_above_no_test(self):
        for below in ("int helper() {\n", "\nTEST(A, B) {\n", "namespace {\n"):
            self.finds("directly above the test", tree({"tests/c_test.cpp": f"// Shows RFC 1 2.1-1.\n{below}"}))

    def test_a_marker_of_what_is_said_not_to_apply(self):
        excused = LIST.replace('code = ["src/b"]', 'not_applicable = "no numbers"')
        self.finds("2.2-1 is said not to apply", tree(requirements=excused))
        self.passes(tree({"tests/b_test.py": None}, excused))

    def test_code_that_is_not_there_or_does_not_cite(self):
        self.finds("2.2-1: no file src/b", tree({"src/b.cpp": None}))
        self.finds("2.2-1: src/b.cpp do not cite RFC 1 §2.2", tree({"src/b.cpp": "// RFC 1 §2.20, RFC 2 §2.2\n"}))
        self.finds("2.2-1: names no code", tree(requirements=LIST.replace('code = ["src/b"]', "")))

    def test_an_appendix_has_a_letter(self):
        appendix = LIST.replace('"2.2" = "Numbers"', '"2.2" = "Numbers"\n"A" = "Appendix A"') + '[requirements."A-1"]\nlevel = "MUST"\nsays = "a value"\ncode = ["src/c"]\n'
        shown = {"src/c.h": "// RFC 1 §2.1, appendix A\n", "tests/c_test.cpp": "// Shows RFC 1 A-1.\nTEST(A, B) {\n"}
        self.passes(tree(shown, appendix))
        self.finds("A-1: MUST without a test", tree(shown | {"tests/c_test.cpp": None}, appendix))
        self.finds("src/c.h do not cite RFC 1 §A", tree(shown | {"src/c.h": "// RFC 1 §2.1, appendix B\n"}, appendix))
        self.finds("comes after A-1", tree(shown, appendix + '[requirements."2.2-2"]\nlevel = "MUST"\nsays = "b"\ncode = ["src/b"]\n'))

    def test_what_awaits_work_only_when_strict(self):
        awaiting = LIST.replace('code = ["src/b"]', 'awaits = "numbers"')
        self.passes(tree({"tests/b_test.py": None}, awaiting))
        self.finds("2.2-1: awaits numbers", tree({"tests/b_test.py": None}, awaiting), strict=True)

    def test_a_must_that_is_not_done(self):
        self.finds("is a bug, not a choice", tree(requirements=LIST.replace('code = ["src/b"]', 'not_done = "why not"')))
        chosen = LIST.replace('code = ["src/a.cpp"]', 'not_done = "why not"')
        self.passes(tree(requirements=chosen))

    def test_a_repetition_has_the_code_and_tests_of_the_other(self):
        same = LIST.replace('code = ["src/b"]', 'same_as = "2.1-1"')
        self.passes(tree({"tests/b_test.py": None}, same))
        self.finds("2.2-1 is the same as 2.1-1", tree(requirements=same))
        self.finds("no requirement with code", tree({"tests/b_test.py": None}, same.replace("2.1-1\"\n", "9.9-9\"\n")))
        self.finds("2.1-1, and more", tree({"tests/b_test.py": None}, same + 'code = ["src/b"]\n'))

    def test_a_list_with_mistakes(self):
        self.finds("rfc1.toml:1:", tree(requirements=LIST + '[requirements."2.2-1"]\nlevel = "MUST"\n'))  # twice
        self.finds("comes after 2.1-2", tree(requirements=LIST.replace('"2.2-1"', '"2.2-2"')))
        self.finds("comes after 2.1-2", tree(requirements=LIST.replace('"2.2-1"', '"1.9-1"')))
        self.finds("has no title", tree(requirements=LIST.replace('"2.2" = "Numbers"\n', "")))
        self.finds("level 'MAY'", tree(requirements=LIST.replace('"SHOULD"', '"MAY"')))
        self.finds("no field cod", tree(requirements=LIST.replace('code = ["src/b"]', 'cod = ["src/b"]')))
        self.finds("does not say", tree(requirements=LIST.replace('says = "a number does not come again"\n', "")))
        self.finds("an id is a section and a number", tree(requirements=LIST.replace('"2.2-1"', '"two"')))
        self.finds("one of them at most", tree(requirements=LIST + 'awaits = "a"\nnot_applicable = "b"\n'))


class Page(unittest.TestCase):
    def test_links_code_and_tests(self):
        _, page = conformance.check(tree())
        row = next(line for line in page.splitlines() if line.startswith("| 2.1-1 "))
        self.assertEqual(row, "| 2.1-1 | MUST | a request comes again | [`a`](../src/a.cpp) | [Timer.Works](../tests/a_test.cpp) |")
        self.assertIn("### 2.2 Numbers", page)
        self.assertIn("[test_b](../tests/b_test.py)", page)
        self.assertIn("| MUST, MUST NOT | 2 | 2 | 0 | 0 | 0 | 0 |", page)

    def test_does_not_change_with_what_it_does_not_show(self):
        moved = {"src/a.cpp": "\n\n" + SOURCES["src/a.cpp"] + "int further;\n", "src/c.cpp": "// RFC 1 §2.1\n"}
        self.assertEqual(conformance.check(tree())[1], conformance.check(tree(moved))[1])


if __name__ == "__main__":
    unittest.main()
