// SPDX-License-Identifier: MIT
// Files written into somebody else's folder: whole or not at all, and none over another's.
#include "provisioning/base/new_files.hpp"
#include "provisioning/base/text.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace {

using base::write_new_files;
using testing::HasSubstr;

struct NewFiles : testing::Test {
    NewFiles() {
        char name[] = "/tmp/pnp-new-files-XXXXXX";
        folder = ::mkdtemp(name);
    }

    ~NewFiles() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }

    NewFiles(const NewFiles&) = delete;
    NewFiles& operator=(const NewFiles&) = delete;

    std::string content(const std::string& name) const {
        return base::read_file(folder + "/" + name).value_or("not there");
    }

    std::size_t count() const {
        const std::filesystem::directory_iterator files(folder);
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

    std::string write(const std::vector<base::NewFile>& files, bool replace = false) const {
        const auto done = write_new_files(folder, files, base::Readers::all, replace);
        return done ? *done : done.error().what;
    }

    std::string folder;
};

TEST_F(NewFiles, AreWrittenForAllToRead) {
    EXPECT_EQ(write({{"a.cfg", "one\n"}, {"b.cfg", ""}}),
              "Written: " + folder + "/a.cfg, " + folder + "/b.cfg.\n");
    EXPECT_EQ(content("a.cfg"), "one\n");
    EXPECT_EQ(content("b.cfg"), "");
    EXPECT_EQ(count(), 2U) << "nothing else is left";

    struct stat found {};

    ASSERT_EQ(::stat((folder + "/a.cfg").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0644U);
}

TEST_F(NewFiles, AreLeftAloneWhereTheyAreThere) {
    write({{"a.cfg", "one\n"}});
    EXPECT_EQ(write({{"a.cfg", "one\n"}}), "There already: " + folder + "/a.cfg.\n");
}

TEST_F(NewFiles, ReplaceAnothersOnlyWhenTold) {
    std::ofstream(folder + "/b.cfg") << "of somebody else";
    const std::vector<base::NewFile> both = {{"a.cfg", "one\n"}, {"b.cfg", "two\n"}};
    EXPECT_THAT(write(both), HasSubstr("b.cfg is there with another content, and nothing was "
                                       "written; look whether it may go, then say the same with "
                                       "--replace"));
    EXPECT_EQ(content("b.cfg"), "of somebody else");
    EXPECT_EQ(content("a.cfg"), "not there") << "all of them or none";
    EXPECT_EQ(write(both, true),
              "Written: " + folder + "/a.cfg.\nReplaced: " + folder + "/b.cfg.\n");
    EXPECT_EQ(content("b.cfg"), "two\n");
    EXPECT_EQ(count(), 2U);
}

TEST_F(NewFiles, StayInTheFolder) {
    for (const auto* name : {"", "..", "../a", "/etc/a", "a/b", ".a", "a\nb"}) {
        EXPECT_THAT(write({{name, "x"}}, true), HasSubstr("is no plain name")) << name;
    }
    std::ofstream(folder + "/target") << "of somebody else";
    std::filesystem::create_symlink(folder + "/target", folder + "/a.cfg");
    EXPECT_THAT(write({{"a.cfg", "x"}}, true), HasSubstr("is there and is no file"));
    EXPECT_EQ(content("target"), "of somebody else");
    std::filesystem::create_directory(folder + "/d.cfg");
    EXPECT_THAT(write({{"d.cfg", "x"}}, true), HasSubstr("is there and is no file"));
}

TEST_F(NewFiles, NeedAFolder) {
    const auto done =
        write_new_files(folder + "/none", {{"a.cfg", "x"}}, base::Readers::all, false);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("check that it is there"));
    EXPECT_EQ(write({}), "There is nothing to write.\n");
}

} // namespace
