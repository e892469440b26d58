// SPDX-License-Identifier: MIT
// Tests of what lies sealed on the disk, of the key beside it, and of what is said without it.
#include "tests/inventory/fixture.hpp"

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/sql/schema.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace inventory {
namespace {

using base::Errc;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class Sealing : public InventoryTest {
  protected:
    std::string key() const { return folder_ + "/pnp.key"; }

    base::Error refusal() {
        const auto opened = open();
        EXPECT_FALSE(opened);
        return opened ? base::Error{} : opened.error();
    }

    sql::Connection connect() {
        auto connection = sql::Connection::open(path());
        EXPECT_TRUE(connection) << connection.error().what;
        return std::move(*connection);
    }

    void run_sql(const std::string& script) {
        const auto done = connect().run(script);
        ASSERT_TRUE(done) << done.error().what;
    }

    /// All that lies in our folder.
    std::string on_disk() {
        std::string all;
        for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
            all += bytes_of(entry.path().string());
        }
        return all;
    }

    /// As the first version left it: with two passwords in rows, one in a free page, all in the
    /// log.
    void make_plain() {
        auto connection = connect();
        ASSERT_TRUE(sql::bring_up_to_date(connection, {sql::schema_steps().front()}));
        ASSERT_TRUE(connection.run("pragma secure_delete = off; pragma wal_autocheckpoint = 0;"
                                   "insert into meta values ('token_key', 'TOKENKEY"
                                   "TOKENKEYTOKENKEYTOKENKEY');"
                                   "insert into extension values ('201', 'Anna', 'canary-201');"
                                   "insert into extension values ('202', 'Bob', 'canary-202');"
                                   "insert into extension values ('203', 'Gone', 'canary-203');"
                                   "delete from extension where number = '203';"));
    }

    void expect_sealed() {
        const auto bytes = on_disk();
        EXPECT_EQ(bytes.find("canary"), std::string::npos);
        EXPECT_EQ(bytes.find("TOKENKEY"), std::string::npos);
    }
};

TEST_F(Sealing, NoPasswordLiesInTheDatabaseOrItsLog) {
    apply({AddExtension{{"201", "Anna", base::Secret("canary-201")}}});
    apply({RemoveExtension{"201"}, AddExtension{{"201", "Anna", base::Secret("canary-202")}}});
    EXPECT_NE(on_disk().find("Anna"), std::string::npos);
    expect_sealed();
    reopen();
    EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "canary-202");
    expect_sealed();
}

TEST_F(Sealing, TheDatabaseOfAnOlderVersionIsSealedAndKeepsNoTrace) {
    make_plain();
    ASSERT_NE(on_disk().find("canary-201"), std::string::npos);
    ASSERT_NE(on_disk().find("canary-203"), std::string::npos);
    reopen();
    EXPECT_THAT(logged_, Contains(HasSubstr("are sealed now")));
    for (int round = 0; round < 2; ++round) {
        expect_sealed();
        EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "canary-201");
        EXPECT_EQ(inventory().now().extension("202")->password.reveal(), "canary-202");
        EXPECT_EQ(inventory().now().extension("203"), nullptr);
        apply({Approve{mac(1)}});
        reopen();
    }
    const auto token = inventory().steady_token(*device(mac(1)));
    EXPECT_TRUE(inventory().now().credential(token));
}

TEST_F(Sealing, TracesThatABackupHoldsOpenAreWipedAtTheNextStart) {
    make_plain();
    {
        auto reader = connect();
        auto rows = reader.prepare("select number from extension");
        ASSERT_TRUE(rows->step().value_or(false));
        reopen();
        EXPECT_THAT(logged_, Contains(HasSubstr("still holds traces")));
        EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "canary-201");
    }
    logged_.clear();
    reopen();
    EXPECT_THAT(logged_, Contains(HasSubstr("are sealed now")));
    expect_sealed();
    logged_.clear();
    reopen();
    EXPECT_THAT(logged_, Not(Contains(HasSubstr("sealed"))));
}

TEST_F(Sealing, TheKeyIsForTheOwnerAloneWhateverTheUmask) {
    for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
        const auto before = ::umask(mask);
        const auto opened = open();
        ::umask(before);
        ASSERT_TRUE(opened) << opened.error().what;

        struct stat found {};

        ASSERT_EQ(::stat(key().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 07777U, 0600U);
        EXPECT_EQ(found.st_size, 32);
        inventory_.reset();
        std::filesystem::remove(path());
        std::filesystem::remove(key());
    }
}

TEST_F(Sealing, TheKeyMayLieElsewhere) {
    const auto elsewhere = folder_ + "/elsewhere";
    const auto opened = Inventory::open(path(), limits_, clock_, elsewhere);
    ASSERT_TRUE(opened) << opened.error().what;
    EXPECT_TRUE(std::filesystem::exists(elsewhere));
    EXPECT_FALSE(std::filesystem::exists(key()));
}

TEST_F(Sealing, AStartThatWasInterruptedLeavesNoHalfKey) {
    std::ofstream(key() + ".new") << "half";
    reopen();
    EXPECT_EQ(std::filesystem::file_size(key()), 32U);
    EXPECT_FALSE(std::filesystem::exists(key() + ".new"));
}

TEST_F(Sealing, AMissingKeyIsSaidAndNotReplaced) {
    apply({extension("201")});
    inventory_.reset();
    const auto kept = bytes_of(key());
    std::filesystem::remove(key());
    for (int round = 0; round < 2; ++round) {
        const auto error = refusal();
        EXPECT_EQ(error.code, Errc::not_found);
        EXPECT_THAT(error.what, HasSubstr(key() + " is missing"));
        EXPECT_THAT(error.what, HasSubstr("put it back from the backup"));
        EXPECT_FALSE(std::filesystem::exists(key()));
    }
    std::ofstream(key(), std::ios::binary) << kept;
    ::chmod(key().c_str(), 0600);
    reopen();
    EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "pw-201");
}

TEST_F(Sealing, AKeyOfAnotherDatabaseIsSaid) {
    apply({extension("201")});
    inventory_.reset();
    std::ofstream(key(), std::ios::binary) << std::string(32, 'x');
    const auto error = refusal();
    EXPECT_EQ(error.code, Errc::refused);
    EXPECT_THAT(error.what, HasSubstr("not the key that " + path()));
}

TEST_F(Sealing, AKeyThatOthersMayReadIsRefused) {
    inventory();
    inventory_.reset();
    for (const mode_t mode : {mode_t{0640}, mode_t{0604}, mode_t{0620}}) {
        ::chmod(key().c_str(), mode);
        const auto error = refusal();
        EXPECT_EQ(error.code, Errc::refused);
        EXPECT_THAT(error.what, HasSubstr("chmod 600"));
    }
    ::chmod(key().c_str(), 0400);
    reopen();
}

TEST_F(Sealing, AKeyOfTheWrongSizeIsSaid) {
    inventory();
    inventory_.reset();
    for (const auto& wrong : {std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
        std::ofstream(key(), std::ios::binary) << wrong;
        EXPECT_THAT(refusal().what,
                    HasSubstr(fmt::format("{} bytes and must have 32", wrong.size())));
    }
    std::filesystem::remove(key());
    ASSERT_EQ(::mkfifo(key().c_str(), 0600), 0);
    EXPECT_THAT(refusal().what, HasSubstr("not a plain file"));
}

TEST_F(Sealing, APasswordOpensOnItsOwnExtensionAlone) {
    apply({extension("201"), extension("202")});
    inventory_.reset();
    run_sql("update extension set password = (select password from extension where number = '202')"
            " where number = '201'");
    EXPECT_THAT(refusal().what, HasSubstr("password of extension 201"));
}

TEST_F(Sealing, WhatAnotherProgramWroteUnsealedIsRefused) {
    apply({extension("201")});
    inventory_.reset();
    run_sql("update extension set password = 'mine'");
    EXPECT_THAT(refusal().what, HasSubstr("restore a backup"));
}

} // namespace
} // namespace inventory
