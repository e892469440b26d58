// SPDX-License-Identifier: MIT
// `import` of a file with faults, as a console runs it: each is told, and not a byte changes.
#include "office.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

namespace {

using base::Errc;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Fault {
    std::string row;
    std::string text; ///< of what is said about it
};

/// Fifty, no two alike, and by every sentence that a row can get.
std::vector<Fault> faults() {
    std::string many;
    for (int number = 910; number < 950; ++number) {
        many += fmt::format("{}{}", many.empty() ? "" : " ", number);
    }
    return {
        // The MAC.
        {"001fc100000,201,", "no MAC address"},
        {"001fc10000011,201,", "no MAC address"},
        {"001fc100000g,201,", "no MAC address"},
        {"00:1f:c1:00-00:01,201,", "no MAC address"},
        {"000000000000,201,", "no MAC address"},
        {"phone 12,201,", "no MAC address"},
        {"10.0.0.7,201,", "made a number of it"},
        {"1565123456,201,", "made a number of it"},
        {"1.00E+12,201,", "made a number of it"},
        {"\"1,5E+10\",201,", "made a number of it"},
        {",201,", "the MAC is missing"},
        {"\"\",201,", "the MAC is missing"},
        {"001fc1000001,201,", "stands in line 2 too"},
        {"00:1F:C1:00:00:01,201,", "stands in line 2 too"},
        // The numbers.
        {"001fc1100001,,", "no extension; name one"},
        {"001fc1100002,\"  \",", "no extension; name one"},
        {",,Nobody", "no extension; name one"},
        {"001fc1100003,201 201,", "stands twice in this row"},
        {"001fc1100004,900 201 900,", "extension 900 stands twice"},
        {"001fc1100005,\"201,202\",", "'201,202' is no extension number"},
        {"001fc1100006,20/1,", "'20/1' is no extension number"},
        {"001fc1100007,201;202,", "'201;202' is no extension number"},
        {"001fc1100008,sip:201@pbx,", "'sip:201@pbx' is no extension number"},
        {"001fc1100009,\xD9\xA2\xD9\xA0\xD9\xA1,", "is no extension number"},
        {"001fc110000a,(201),", "'(201)' is no extension number"},
        {"001fc110000b," + std::string(33, '1') + ",", "is no extension number"},
        {"001fc110000c,guest001fc1000002,", "as a guest"},
        {",guest001fc1000003,Guest", "as a guest"},
        {"001fc110000d,777,", "777 does not exist"},
        {"001fc110000e,900 999,", "999 does not exist"},
        {"001fc110000f,901,", "901 has no password"},
        {"001fc1100010,201 902,", "902 is a trunk"},
        {"001fc1100011,555,Eve", "555 is in the way"},
        {",_2XX,Eve", "_2XX is a pattern"},
        {"001fc1100012,201 556,Eve", "556 is in the way"},
        {"001fc1100013," + many + ",", "40 extensions, and this phone has"},
        // The name.
        {"001fc1100014,201,\xE9ric", "not UTF-8"},
        {"001fc1100015,201,\xC3", "not UTF-8"},
        {"001fc1100016,201,\xED\xA0\x80", "not UTF-8"},
        {"001fc1100017,201,a\x01", "a control character"},
        {"001fc1100018,201,a\xC2\x85", "a control character"},
        {"001fc1100019,201,a\xEF\xBF\xBE", "a control character"},
        {"001fc110001a,201," + std::string(201, 'n'), "more than 200 bytes"},
        {",203,Carola", "extension 203 has another name in line 3"},
        // The row.
        {"001fc110001b", "fewer columns"},
        {"001fc110001c,201", "fewer columns"},
        {"001fc110001d,201,x,y", "more columns"},
        {"001fc110001e,201,x,,,", "more columns"},
        {"001fc110001f,\"201", "quote without its end"},
        {"001fc1100020,201,\"Eve", "quote without its end"},
    };
}

struct ImportOfFaults : testing::Test {
    Office office;

    ImportOfFaults() {
        office.directory.host(
            [](const std::string& number) -> base::Result<profile::Account> {
                if (number == "901") {
                    return base::fail(Errc::refused, "901 has no password");
                }
                if (number == "902") {
                    return base::fail(Errc::refused, "902 is a trunk");
                }
                if (number.size() == 3 && number[0] == '9' && number != "999") {
                    return profile::Account{number, number, base::Secret("hunter2")};
                }
                return base::fail(Errc::not_found, "there is no {}", number);
            },
            [](const std::string& number) -> base::Status {
                if (number[0] == '_') {
                    return base::fail(Errc::conflict, "{} is a pattern", number);
                }
                return number.starts_with("55")
                           ? base::fail(Errc::conflict, "{} is in the way", number)
                           : base::Status();
            },
            {});
        office.shelf.has_extension("201", "Alice");
        office.shelf.has_extension("202", "Bob");
        office.shelf.apply({inventory::Assign{mac_of("001fc1000009"), {"202"}}});
        EXPECT_TRUE(office.shelf->flush());
        EXPECT_TRUE(office.shelf->flush()); // which moves the log into the database
    }

    /// The database and its log, as they lie on the disk.
    std::string bytes() const {
        std::ostringstream all;
        for (const char* name : {"pnp.sqlite3", "pnp.sqlite3-wal"}) {
            std::ifstream file(office.shelf.folder() / name, std::ios::binary);
            EXPECT_TRUE(file) << name;
            all << file.rdbuf();
        }
        return all.str();
    }

    admin::Reply import(const std::string& csv) {
        const auto path = (office.shelf.folder() / "phones.csv").string();
        std::ofstream(path, std::ios::binary) << csv;
        return office.run("import " + path);
    }
};

TEST_F(ImportOfFaults, AFileWithFiftyFaultsReportsAllFiftyAndChangesNothing) {
    std::string csv = "mac,extensions,name\n001fc1000001,201,\n,203,Carol\n";
    std::map<int, std::string> expected;
    int line = 3;
    for (const auto& [row, text] : faults()) {
        csv += row + "\n";
        expected.emplace(++line, text);
        csv += fmt::format("001fc12{:05x},202,\n", line); // nothing wrong with these
        ++line;
    }
    ASSERT_THAT(expected, SizeIs(50));
    const auto before = bytes();
    const auto exported = office.run("export").text;
    const auto reply = import(csv);
    EXPECT_EQ(reply.status, 1);
    EXPECT_THAT(reply.text, HasSubstr("50 problems; nothing was changed"));
    for (const auto& problem : reply.json.get("problems").items()) {
        const auto at = static_cast<int>(problem.get("line").number());
        const auto told = expected.extract(at);
        EXPECT_FALSE(told.empty()) << at << ": " << problem.get("text").text();
        if (!told.empty()) {
            EXPECT_THAT(std::string(problem.get("text").text()), HasSubstr(told.mapped())) << at;
            EXPECT_THAT(reply.text, HasSubstr(fmt::format("line {}: ", at)));
        }
    }
    EXPECT_THAT(expected, IsEmpty());
    EXPECT_FALSE(reply.json.get("applied").flag());
    EXPECT_TRUE(office.shelf->flush());
    EXPECT_TRUE(bytes() == before) << "the database is another one";
    EXPECT_EQ(office.run("export").text, exported);
}

TEST_F(ImportOfFaults, AHeaderOrAFileThatCannotBeReadChangesNothing) {
    const std::string row = "001fc1000001,201,x\n";
    const Fault files[] = {
        {"", "the file is empty"},
        {"\n \n", "the file is empty"},
        {"mac,name,name,extensions\n" + row, "column 'name' is there 2 times"},
        {"mac,extension,name\n" + row, "did you mean 'extensions'?"},
        {"mac,,extensions\n" + row, "a column without a name"},
        {"mac,name\n" + row, "column 'extensions' is missing"},
        {"mac,extensions,\"name\n" + row, "a quote without its end in the header"},
        {"\xFF\xFEm", "the file is UTF-16"},
        {"mac,extensions\n" + std::string(1, '\0'), "NUL bytes"},
    };
    const auto before = bytes();
    for (const auto& [csv, text] : files) {
        const auto reply = import(csv);
        EXPECT_EQ(reply.status, 1) << csv;
        EXPECT_THAT(reply.text, HasSubstr(text));
    }
    EXPECT_TRUE(bytes() == before);
}

} // namespace
