// SPDX-License-Identifier: MIT
// What an import plans, and every way in which a file can be wrong.
#include "dialplan/import.hpp"

#include "dialplan/csv.hpp"
#include "shelf.hpp"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using dialplan::ImportPlan;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Import : testing::Test {
    Shelf shelf;

    Import() {
        shelf.has_extension("201", "Alice");
        shelf.has_extension("202", "Bob");
    }

    /// A PBX with extension 900, with 901, which no phone can have, and without room for 555 and
    /// 565.
    static base::Status of_pbx(const std::string& number) {
        return number == "900"   ? base::Status()
               : number == "901" ? base::fail(base::Errc::refused, "901 has no password")
                                 : base::fail(base::Errc::not_found, "there is no {}", number);
    }

    ImportPlan plan(std::string_view csv) {
        return dialplan::plan_import(
            csv, shelf->now(), of_pbx,
            [](base::Mac mac) { return mac == mac_of("001fc1000099") ? 1U : 4U; },
            [](const std::string& number) {
                return number == "555" || number == "565"
                           ? base::fail(base::Errc::conflict, "{} is in the way", number)
                           : base::Status();
            });
    }

    void import(std::string_view csv) {
        const ImportPlan planned = plan(csv);
        ASSERT_THAT(planned.problems, IsEmpty()) << planned.problems.front().text;
        shelf.apply(planned.changes);
    }

    const std::vector<std::string>& lines_of(std::string_view mac) {
        now_ = shelf->now();
        static const std::vector<std::string> none;
        const auto* device = now_.device(mac_of(mac));
        return device != nullptr ? device->lines : none;
    }

    inventory::Snapshot now_;
};

/// The one problem of a plan.
std::string only_problem(const ImportPlan& plan, int line) {
    EXPECT_THAT(plan.problems, SizeIs(1));
    EXPECT_THAT(plan.changes, IsEmpty());
    if (plan.problems.size() != 1) {
        return {};
    }
    EXPECT_EQ(plan.problems[0].line, line);
    return plan.problems[0].text;
}

TEST_F(Import, AssignsAndApproves) {
    import("mac,extensions\n001fc1000001,201 202\n00:1F:C1:00:00:02,202\n");
    EXPECT_THAT(lines_of("001fc1000001"), ElementsAre("201", "202"));
    EXPECT_THAT(lines_of("001fc1000002"), ElementsAre("202"));
    EXPECT_TRUE(shelf->now().device(mac_of("001fc1000002"))->is_approved());
}

TEST_F(Import, CreatesNamedExtensionsWithPasswordsOfTheirOwn) {
    import("mac,extensions,name\n001fc1000001,201 203 204,Carol\n");
    const auto now = shelf->now();
    EXPECT_EQ(now.extension("203")->name, "Carol");
    EXPECT_EQ(now.extension("204")->name, "Carol");
    EXPECT_EQ(now.extension("201")->name, "Alice");
    EXPECT_EQ(now.extension("203")->password.size(), 20U);
    EXPECT_NE(now.extension("203")->password, now.extension("204")->password);
}

TEST_F(Import, SaysNoPasswordInItsDescriptions) {
    const ImportPlan planned = plan("mac,extensions,name\n001fc1000001,203,Carol\n");
    EXPECT_THAT(planned.descriptions, ElementsAre("create extension 203 (Carol)",
                                                  "assign 203 to 001fc1000001, never heard so "
                                                  "far"));
}

TEST_F(Import, TakesNumbersOfThePbx) {
    EXPECT_THAT(plan("mac,extensions\n001fc1000001,900\n").problems, IsEmpty());
}

TEST_F(Import, ReplacesTheLinesThatWere) {
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"201", "202"}}});
    import("mac,extensions\n001fc1000001,202\n");
    EXPECT_THAT(lines_of("001fc1000001"), ElementsAre("202"));
}

TEST_F(Import, CountsWhatHoldsAlready) {
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"201"}}});
    const ImportPlan planned = plan("mac,extensions\n001fc1000001,201\n001fc1000002,202\n");
    EXPECT_EQ(planned.unchanged, 1U);
    EXPECT_THAT(planned.changes, SizeIs(1));
}

TEST_F(Import, ApprovesABlockedPhoneAndSaysSo) {
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"201"}},
                 inventory::Block{mac_of("001fc1000001")}});
    const ImportPlan planned = plan("mac,extensions\n001fc1000001,201\n");
    ASSERT_THAT(planned.descriptions, SizeIs(1));
    EXPECT_THAT(planned.descriptions[0], HasSubstr("blocked now"));
}

TEST_F(Import, ReadsWhatSpreadsheetsWrite) {
    const char* files[] = {
        "\xEF\xBB\xBFmac,extensions,name\r\n001fc1000001,201 202,\r\n",
        "mac;extensions;name\r\n001fc1000001;201 202;\r\n",
        "mac\textensions\tname\n001fc1000001\t201 202\t\n",
        "MAC,Extensions,Name\n001fc1000001,201 202,\n",
        "\"mac\",\"extensions\",\"name\"\n\"001fc1000001\",\"201 202\",\"\"\n",
        "name,extensions,mac\n,201 202,001fc1000001\n",
        "mac,extensions,name\r001fc1000001,201 202,\r",
        "\n\nmac,extensions,name\n\n,,\n001fc1000001,201 202,",
        " mac , extensions , name \n 001f.c100.0001 ,  201   202  , \n",
    };
    for (const char* file : files) {
        const ImportPlan planned = plan(file);
        EXPECT_THAT(planned.problems, IsEmpty()) << file << "\n" << planned.problems[0].text;
        ASSERT_THAT(planned.changes, SizeIs(1)) << file;
        EXPECT_THAT(std::get<inventory::Assign>(planned.changes[0]).lines,
                    ElementsAre("201", "202"))
            << file;
    }
}

TEST_F(Import, ReadsAQuotedName) {
    import("mac,extensions,name\n001fc1000001,203,\"Smith, \"\"Jo\"\"\"\n");
    EXPECT_EQ(shelf->now().extension("203")->name, "Smith, \"Jo\"");
}

TEST_F(Import, NotesANameThatIsNotUsed) {
    const ImportPlan planned = plan("mac,extensions,name\n001fc1000001,201,Alicia\n");
    EXPECT_THAT(planned.problems, IsEmpty());
    ASSERT_THAT(planned.notes, SizeIs(1));
    EXPECT_EQ(planned.notes[0].line, 2);
    EXPECT_THAT(planned.notes[0].text, HasSubstr("201 exists already"));
}

TEST_F(Import, LetsASharedNewExtensionBeNamedOnce) {
    EXPECT_THAT(plan("mac,extensions,name\n001fc1000001,203,\n001fc1000002,203,Carol\n").problems,
                IsEmpty());
}

TEST_F(Import, RefusesTwoNamesForOneNewExtension) {
    EXPECT_THAT(
        only_problem(plan("mac,extensions,name\n001fc1000001,203,Carol\n001fc1000002,203,Dave\n"),
                     3),
        HasSubstr("another name in line 2"));
}

TEST_F(Import, ExplainsAMacThatASpreadsheetSpoiled) {
    EXPECT_THAT(only_problem(plan("mac,extensions\n1565123456,201\n"), 2),
                HasSubstr("made a number of it"));
    EXPECT_THAT(only_problem(plan("mac,extensions\n1E+1234,201\n"), 2),
                HasSubstr("made a number of it"));
}

TEST_F(Import, SuggestsTheNearestHeader) {
    const ImportPlan planned = plan("mac,extentions\n001fc1000001,201\n");
    ASSERT_THAT(planned.problems, SizeIs(2));
    EXPECT_THAT(planned.problems[0].text, HasSubstr("did you mean 'extensions'?"));
    EXPECT_THAT(planned.problems[1].text, HasSubstr("column 'extensions' is missing"));
}

TEST_F(Import, RefusesAFileThatIsNoCsv) {
    EXPECT_THAT(only_problem(plan(""), 1), HasSubstr("empty"));
    EXPECT_THAT(only_problem(plan(" \r\n\n"), 1), HasSubstr("empty"));
    EXPECT_THAT(only_problem(plan("\xFF\xFEm"), 1), HasSubstr("UTF-16"));
    EXPECT_THAT(only_problem(plan(std::string_view("mac,extensions\n\0", 16)), 1),
                HasSubstr("NUL"));
    EXPECT_THAT(only_problem(plan("mac,mac,extensions\n"), 1), HasSubstr("2 times"));
    EXPECT_THAT(only_problem(plan("mac,\"extensions\n"), 1), HasSubstr("quote"));
    EXPECT_THAT(only_problem(plan("mac,extensions,\n"), 1), HasSubstr("without a name"));
}

TEST_F(Import, RefusesMoreExtensionsThanThePhoneHasLines) {
    EXPECT_THAT(only_problem(plan("mac,extensions\n001fc1000099,201 202\n"), 2),
                HasSubstr("1 lines at most"));
}

TEST_F(Import, GoesOnBehindARowThatCannotBeRead) {
    const ImportPlan planned = plan("mac,extensions\n"
                                    "001fc1000001\n"
                                    "001fc1000002,201,x\n"
                                    "001fc1000003,\"201\n"
                                    "001fc1000004,777\n");
    ASSERT_THAT(planned.problems, SizeIs(4));
    EXPECT_THAT(planned.problems[0].text, HasSubstr("fewer columns"));
    EXPECT_THAT(planned.problems[1].text, HasSubstr("more columns"));
    EXPECT_THAT(planned.problems[2].text, HasSubstr("quote without its end"));
    EXPECT_THAT(planned.problems[3].text, HasSubstr("pnp extension add 777"));
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(planned.problems[i].line, static_cast<int>(i) + 2);
    }
}

TEST_F(Import, ReportsAllOfFiftyPlantedFaultsAndPlansNothing) {
    struct Fault {
        std::string row;
        std::string text; ///< of what is said about it
    };

    const Fault faults[] = {
        {"001fc100000,201,", "no MAC address"},
        {"001fc10000011,201,", "no MAC address"},
        {"001fc100000g,201,", "no MAC address"},
        {"00:1f:c1:00-00:01,201,", "no MAC address"},
        {",201,", "the MAC is missing"},
        {"000000000000,201,", "no MAC address"}, // no phone's
        {"001fc1200001,,", "no extension; name one"},
        {"001fc1200002,201 201,", "stands twice in this row"},
        {"001fc1200003,\"201,202\",", "'201,202' is no extension number"},
        {"001fc1200004,777,", "777 does not exist"},
        {"001fc1200005,\"201", "quote without its end"},
        {"001fc1200006,201", "fewer columns"},
        {"001fc1200007,201,x,y", "more columns"},
        {"001fc1200008,201 202 203 204 205,Many", "4 lines at most"},
        {"001fc1200009,20/1,", "'20/1' is no extension number"},
        {"001fc120000a,201,\xE9ric", "UTF-8"}, // Latin-1
        {"001fc120000b,201,a\x01", "control character"},
        {"001fc120000c,201," + std::string(201, 'n'), "more than 200 bytes"},
        {"001fc1000001,201,", "stands in line 2 too"},
        {"1565123456,201,", "the spreadsheet made a number of it"},
        {"phone 12,201,", "no MAC address"},
        {"001fc120000d," + std::string(33, '1') + ",", "is no extension number"},
        {"001fc120000e,900 999,", "999 does not exist"},
        {"001fc120000f,555,Eve", "is in the way"},
        {"001fc1200010,901,", "901 has no password"},
    };
    std::string csv = "mac,extensions,name\n001fc1000001,201,\n";
    std::map<int, std::string> expected;
    int line = 2;
    for (int round = 0; round < 2; ++round) {
        for (auto [row, text] : faults) {
            if (round == 1 && row.starts_with("001fc12")) {
                row[6] = '3'; // another MAC, so that the fault is the same one and no double
            }
            if (const auto new_one = row.find(",555,"); round == 1 && new_one != row.npos) {
                row[new_one + 2] = '6'; // likewise
            }
            csv += row + "\n";
            expected.emplace(++line, text);
            csv += fmt::format("001fc14{:05x},202,\n", line); // nothing wrong with these
            ++line;
        }
    }
    ASSERT_THAT(expected, SizeIs(50));
    const ImportPlan planned = plan(csv);
    for (const auto& problem : planned.problems) {
        const auto told = expected.extract(problem.line);
        EXPECT_FALSE(told.empty()) << problem.line << ": " << problem.text;
        if (!told.empty()) {
            EXPECT_THAT(problem.text, HasSubstr(told.mapped())) << problem.line;
        }
    }
    EXPECT_THAT(expected, IsEmpty());
    EXPECT_THAT(planned.changes, IsEmpty());
    EXPECT_THAT(planned.descriptions, IsEmpty());
}

TEST_F(Import, ARowIsNotBlamedForTheFaultOfTheOneThatNamesItsExtension) {
    EXPECT_THAT(
        only_problem(plan("mac,extensions,name\n1E+1234,203,Carol\n001fc1000002,203,\n"), 2),
        HasSubstr("made a number of it"));
}

TEST_F(Import, AnExtensionOfThePbxThatNoPhoneCanHaveIsAProblemOfItsRow) {
    EXPECT_EQ(only_problem(plan("mac,extensions\n001fc1000001,201\n001fc1000002,901\n"), 3),
              "901 has no password");
}

TEST_F(Import, ANameThatWouldNotBeTakenIsAProblemOfItsRow) {
    for (const char* name : {"a\xC2\x85", "a\xEF\xBF\xBE", "a\xEF\xBF\xBF", "a\x7F"}) {
        EXPECT_THAT(
            only_problem(plan(fmt::format("mac,extensions,name\n001fc1000001,203,{}\n", name)), 2),
            HasSubstr("a character that no phone shows"));
    }
}

TEST_F(Import, GuestsAreNeitherExportedNorImported) {
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"202"}},
                 inventory::MakeGuest{mac_of("001fc1000002"), base::Secret("x")},
                 inventory::MakeGuest{mac_of("001fc1000003"), base::Secret("x")}});
    shelf.apply({inventory::Assign{mac_of("001fc1000003"), {"201"}}}); // claimed
    EXPECT_EQ(dialplan::export_csv(shelf->now()), "mac,extensions,name\n"
                                                  "001fc1000001,202,Bob\n"
                                                  "001fc1000003,201,Alice\n");
    EXPECT_THAT(
        only_problem(plan("mac,extensions,name\n001fc1000004,guest001fc1000002,Guest\n"), 2),
        HasSubstr("the account of 001fc1000002 as a guest"));
}

TEST_F(Import, ExportsByMacAndQuotesNames) {
    shelf.has_extension("203", "Smith, \"Jo\"");
    shelf.apply({inventory::Assign{mac_of("001fc1000002"), {"203", "201"}},
                 inventory::Assign{mac_of("001fc1000001"), {"202"}}});
    EXPECT_EQ(dialplan::export_csv(shelf->now()), "mac,extensions,name\n"
                                                  "001fc1000001,202,Bob\n"
                                                  "001fc1000002,203 201,\"Smith, \"\"Jo\"\"\"\n"
                                                  ",201,Alice\n");
}

TEST_F(Import, WhatIsExportedMakesTheSameElsewhere) {
    shelf.has_extension("203", "Smith, \"Jo\"");
    shelf.has_extension("204"); // without a name
    shelf.has_extension("205", "  ");
    shelf.has_extension("206", "on no phone; \xC3\x84pfel");
    shelf->host_numbers([](const std::string& number) { return number == "900"; });
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"202"}},
                 inventory::Assign{mac_of("001fc1000002"), {"203", "201", "204"}},
                 inventory::Assign{mac_of("001fc1000003"), {"204", "201"}},
                 inventory::Assign{mac_of("001fc1000004"), {"900", "205"}},
                 inventory::Assign{mac_of("001fc1000005"), {"202"}}});
    const auto exported = dialplan::export_csv(shelf->now());
    Shelf other;
    other->host_numbers([](const std::string& number) { return number == "900"; });
    for (int round = 0; round < 2; ++round) {
        const ImportPlan planned =
            dialplan::plan_import(exported, other->now(), of_pbx, [](base::Mac) { return 4U; });
        ASSERT_THAT(planned.problems, IsEmpty()) << planned.problems.front().text;
        EXPECT_THAT(planned.notes, IsEmpty());
        EXPECT_EQ(planned.changes.empty(), round == 1);
        other.apply(planned.changes);
        EXPECT_EQ(dialplan::export_csv(other->now()), exported);
    }
    EXPECT_EQ(other->now().extension("201")->name, "Alice");
    EXPECT_EQ(plan(exported).changes.size(), 0U) << "and nothing where it is from";
}

TEST_F(Import, ARowWithoutAMacIsAboutAnExtensionAlone) {
    const ImportPlan planned = plan("mac,extensions,name\n,203,Carol\n,201,Alice\n,202,Robert\n");
    EXPECT_THAT(planned.problems, IsEmpty());
    EXPECT_THAT(planned.descriptions, ElementsAre("create extension 203 (Carol)"));
    EXPECT_EQ(planned.unchanged, 2U);
    ASSERT_THAT(planned.notes, SizeIs(1));
    EXPECT_EQ(planned.notes[0].line, 4);
    EXPECT_THAT(only_problem(plan("mac,extensions,name\n,201,\n"), 2),
                HasSubstr("the MAC is missing"));
    EXPECT_THAT(only_problem(plan("mac,extensions,name\n,,Carol\n"), 2), HasSubstr("no extension"));
}

TEST_F(Import, AnExtensionIsNamedByTheRowThatHasItFirst) {
    import(
        "mac,extensions,name\n001fc1000001,203 204,Carol\n001fc1000002,205 204,Dave\n,204,Eve\n");
    const auto now = shelf->now();
    EXPECT_EQ(now.extension("203")->name, "Carol");
    EXPECT_EQ(now.extension("204")->name, "Eve");
    EXPECT_EQ(now.extension("205")->name, "Dave");
    EXPECT_THAT(only_problem(plan("mac,extensions,name\n001fc1000003,206 208,Carol\n"
                                  "001fc1000004,207 208,Dave\n"),
                             3),
                HasSubstr("extension 208 has another name in line 2"));
}

TEST_F(Import, ChangesNothingWithItsOwnExport) {
    shelf.has_extension("203", " Smith; \"Jo\" ");
    shelf.has_extension("204", "\"");
    shelf->host_numbers([](const std::string& number) { return number == "900"; });
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"202"}},
                 inventory::Assign{mac_of("001fc1000002"), {"203", "201"}},
                 inventory::Assign{mac_of("001fc1000003"), {"204"}},
                 inventory::Assign{mac_of("001fc1000004"), {"900"}},
                 inventory::Approve{mac_of("001fc1000005")},
                 inventory::Assign{mac_of("001fc1000006"), {"202"}},
                 inventory::Block{mac_of("001fc1000006")}});
    const ImportPlan planned = plan(dialplan::export_csv(shelf->now()));
    EXPECT_THAT(planned.problems, IsEmpty());
    EXPECT_THAT(planned.notes, IsEmpty());
    EXPECT_THAT(planned.changes, IsEmpty());
    EXPECT_EQ(planned.unchanged, 5U) << "four phones, and 201 on none";
}

TEST_F(Import, AnExportIsImportedAgainThoughThePbxHasLostAPasswordOrAnEndpoint) {
    shelf->host_numbers([](const std::string& number) { return number[0] == '9'; });
    shelf.apply({inventory::Assign{mac_of("001fc1000001"), {"202", "900", "999"}},
                 inventory::Assign{mac_of("001fc1000002"), {"201", "999"}},
                 inventory::Assign{mac_of("001fc1000003"), {"901", "900"}},
                 inventory::Assign{mac_of("001fc1000004"), {"999"}}});
    const auto exported = dialplan::export_csv(shelf->now());
    const ImportPlan planned = plan(exported); // 901 has no password now, and 999 is gone
    EXPECT_THAT(planned.changes, IsEmpty());
    EXPECT_EQ(planned.unchanged, 4U);
    ASSERT_THAT(planned.notes, SizeIs(4));
    EXPECT_EQ(planned.notes[0].line, 2);
    EXPECT_THAT(planned.notes[0].text, HasSubstr("extension 999 does not exist"));
    EXPECT_EQ(planned.notes[1].line, 3);
    EXPECT_EQ(planned.notes[2].text, "901 has no password");
    EXPECT_EQ(planned.notes[3].line, 5);
    EXPECT_EQ(dialplan::export_csv(shelf->now()), exported);
    EXPECT_THAT(only_problem(plan("mac,extensions\n001fc1000003,900 901\n"), 2),
                HasSubstr("no password"))
        << "in another order, which is a change";
}

TEST(CsvField, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(dialplan::csv_field("Alice Bell"), "Alice Bell");
    EXPECT_EQ(dialplan::csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(dialplan::csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
    EXPECT_EQ(dialplan::csv_field(""), "");
}

} // namespace
