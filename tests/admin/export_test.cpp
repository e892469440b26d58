// SPDX-License-Identifier: MIT
// `export tftp` and `export sdcard` at a console: which address the files name, and where they go.
#include "office.hpp"

#include <filesystem>

#include <gmock/gmock.h>

namespace {

using testing::HasSubstr;

struct Export : testing::Test {
    Export() {
        auto reach = office.reach();
        reach.public_files = [this](std::optional<base::Ipv4> named)
            -> base::Result<std::vector<serve::Files::PublicFile>> {
            if (!named) {
                return base::fail(base::Errc::not_found, "2 interfaces are served; say --host");
            }
            host = named->str();
            return std::vector<serve::Files::PublicFile>{{"KX-UT670.cfg", "# " + host + "\n"}};
        };
        reach.card_file = [](base::Mac mac, std::optional<base::Ipv4>) {
            return base::Result<serve::Files::PublicFile>({mac.str() + ".cfg", "URL\n"});
        };
        office.commands = std::make_shared<admin::Commands>(std::move(reach));
    }

    Office office;
    std::string host;
    std::string folder = office.shelf.folder().string();
};

TEST_F(Export, WritesIntoAFolderOfTheServerForAConsole) {
    const auto reply = office.run("export tftp " + folder + " --host 10.0.0.1");
    EXPECT_EQ(reply.status, 0) << reply.text;
    EXPECT_EQ(reply.text, "Written: " + folder + "/KX-UT670.cfg.\n");
    EXPECT_EQ(*base::read_file(folder + "/KX-UT670.cfg"), "# 10.0.0.1\n");
    const auto other = office.run("export tftp " + folder + " --host 10.0.0.2");
    EXPECT_EQ(other.status, 1);
    EXPECT_THAT(other.text, HasSubstr("--replace"));
    EXPECT_EQ(office.run("export tftp --replace --host 10.0.0.2 " + folder).status, 0);
    EXPECT_EQ(*base::read_file(folder + "/KX-UT670.cfg"), "# 10.0.0.2\n");
}

TEST_F(Export, LeavesTheWritingToPnpctl) {
    const auto reply = office.run("export tftp " + folder + " --host 10.0.0.1", {}, true);
    EXPECT_EQ(reply.status, 0);
    ASSERT_EQ(reply.files.size(), 1U);
    EXPECT_EQ(reply.files[0].name, "KX-UT670.cfg");
    EXPECT_FALSE(std::filesystem::exists(folder + "/KX-UT670.cfg"));
}

TEST_F(Export, WritesAMemoryCardThatOnlyItsOwnerReads) {
    const auto reply = office.run("export sdcard 0080f0123456 " + folder);
    EXPECT_EQ(reply.text, "Written: " + folder + "/0080f0123456.cfg.\n");
    EXPECT_EQ(*base::read_file(folder + "/0080f0123456.cfg"), "URL\n");
    EXPECT_EQ(std::filesystem::status(folder + "/0080f0123456.cfg").permissions(),
              std::filesystem::perms(0600));
    EXPECT_EQ(office.run("export sdcard nonsense " + folder).status, 2);
    EXPECT_EQ(office.run("export sdcard 0080f0123456").status, 2);
}

TEST_F(Export, SaysWhatIsMissing) {
    EXPECT_EQ(office.run("export tftp").status, 2);
    EXPECT_THAT(office.run("export tftp /tmp").text, HasSubstr("say --host"));
    const auto odd = office.run("export tftp /tmp --host pbx.example");
    EXPECT_EQ(odd.status, 2);
    EXPECT_THAT(odd.text, HasSubstr("write one such as 192.168.1.10"));
}

} // namespace
