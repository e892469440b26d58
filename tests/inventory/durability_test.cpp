// SPDX-License-Identifier: MIT
// Tests of what happens when a process is killed, a disk is full or a database is not ours.
#include "tests/inventory/fixture.hpp"

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/sql/schema.hpp"

#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace inventory {
namespace {

using base::Errc;
using testing::ElementsAre;
using testing::HasSubstr;

mode_t mode_of(const std::string& path) {
    struct stat found {};

    EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
    return found.st_mode & 0777U;
}

/// No file may grow beyond `most` bytes while this lives: the nearest thing to a full disk that
/// needs no privileges.
class FullDisk {
  public:
    explicit FullDisk(rlim_t most) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        auto limit = before_;
        limit.rlim_cur = most;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }

    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int);
};

class Durability : public InventoryTest {
  protected:
    void write_file(const std::string& bytes) { std::ofstream(path(), std::ios::binary) << bytes; }

    std::string read_file() { return bytes_of(path()); }

    base::Error refusal() {
        const auto opened = open();
        EXPECT_FALSE(opened);
        return opened ? base::Error{} : opened.error();
    }

    void run_sql(const std::string& script) {
        auto connection = sql::Connection::open(path());
        ASSERT_TRUE(connection) << connection.error().what;
        const auto done = connection->run(script);
        ASSERT_TRUE(done) << done.error().what;
    }
};

TEST_F(Durability, WhatWasToldSurvivesKillNine) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto opened = Inventory::open(path(), limits_, clock_);
        std::string answer = "failed";
        if (opened) {
            const std::array<base::Mac, 1> macs = {mac(1)};
            (*opened)->saw(mac(1), at(1));
            const auto applied =
                (*opened)->apply({extension("201"), Assign{mac(1), {"201"}}}, "me");
            const auto minted = (*opened)->mint_first_tokens(macs);
            if (applied && minted) {
                answer = minted->front();
            }
        }
        (void)!::write(ends[1], answer.data(), answer.size());
        for (;;) {
            ::pause();
        }
    }
    ::close(ends[1]);
    std::array<char, 64> told{};
    const auto size = ::read(ends[0], told.data(), told.size());
    ::close(ends[0]);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    ASSERT_EQ(size, 22);
    ASSERT_NE(device(mac(1)), nullptr);
    EXPECT_THAT(device(mac(1))->lines, ElementsAre("201"));
    const auto credential = inventory().now().credential({told.data(), 22});
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->mac, mac(1));
    EXPECT_EQ(story(mac(1)).back(), "assigned 201 by me");
}

TEST_F(Durability, FilesAreForTheOwnerAloneWhateverTheUmask) {
    for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
        const auto before = ::umask(mask);
        const auto opened = open();
        ::umask(before);
        ASSERT_TRUE(opened) << opened.error().what;
        apply({Approve{mac(1)}});
        EXPECT_EQ(mode_of(path()), 0600U);
        EXPECT_EQ(mode_of(path() + "-wal"), 0600U);
        EXPECT_EQ(mode_of(path() + "-shm"), 0600U);
        EXPECT_EQ(mode_of(path() + ".lock") & 0077U, 0U);
        inventory_.reset();
        std::filesystem::remove(path());
        std::filesystem::remove(path() + ".lock");
    }
}

TEST_F(Durability, ADatabaseThatOthersMayReadIsWarnedAbout) {
    inventory();
    inventory_.reset();
    ::chmod(path().c_str(), 0644);
    logged_.clear();
    reopen();
    EXPECT_THAT(logged_, testing::Contains(HasSubstr("chmod 600")));
}

TEST_F(Durability, NoDescriptorGoesToAChildOfTheHost) {
    apply({Approve{mac(1)}});
    int ours = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone && target.string().find(folder_) == 0) {
            ++ours;
            const int fd = std::stoi(entry.path().filename().string());
            EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << target;
        }
    }
    EXPECT_GE(ours, 4); // database, -wal, -shm, .lock
}

TEST_F(Durability, ASecondProcessIsRefusedAndNamed) {
    inventory();
    const auto second = Inventory::open(path(), limits_, clock_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_THAT(second.error().what, HasSubstr("pid " + std::to_string(::getpid())));
    EXPECT_THAT(second.error().what, HasSubstr("stop that one"));
    apply({Approve{mac(1)}}); // the first one is not disturbed
    inventory_.reset();
    EXPECT_TRUE(open()); // the file that stays behind means nothing
}

TEST_F(Durability, TheLockEndsWithUsEvenIfTheHostForkedMeanwhile) {
    inventory();
    const auto child = ::fork(); // inherits the descriptor, as children of the host do before exec
    ASSERT_GE(child, 0);
    if (child == 0) {
        for (;;) {
            ::pause();
        }
    }
    inventory_.reset();
    const auto opened = open();
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(opened) << opened.error().what;
}

TEST_F(Durability, ANewerSchemaIsRefusedAndLeftAlone) {
    apply({Approve{mac(1)}});
    inventory_.reset();
    run_sql("pragma user_version = 99");
    const auto error = refusal();
    EXPECT_EQ(error.code, Errc::refused);
    EXPECT_THAT(error.what, HasSubstr("schema 99"));
    EXPECT_THAT(error.what,
                HasSubstr("up to " + std::to_string(sql::schema_steps().back().number)));
    EXPECT_THAT(error.what, HasSubstr("install the newer version"));
    run_sql("pragma user_version = " + std::to_string(sql::schema_steps().back().number));
    reopen();
    EXPECT_NE(device(mac(1)), nullptr);
}

TEST_F(Durability, ADatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
    run_sql("create table astdb (key text, value text)");
    const auto before = read_file();
    EXPECT_EQ(refusal().code, Errc::refused);
    EXPECT_EQ(read_file(), before);
}

TEST_F(Durability, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
    const std::string text(5000, 'x');
    write_file(text);
    const auto error = refusal();
    EXPECT_EQ(error.code, Errc::malformed);
    EXPECT_THAT(error.what, HasSubstr(path()));
    EXPECT_THAT(error.what, HasSubstr("backup"));
    EXPECT_EQ(read_file(), text);
}

TEST_F(Durability, AnEmptyFileIsAnEmptyInventory) {
    write_file("");
    EXPECT_TRUE(open());
    EXPECT_EQ(inventory().now().device_count(), 0U);
}

TEST_F(Durability, DamageAnywhereInTheFileIsAnErrorOrHarmlessNeverACrash) {
    std::vector<Change> changes;
    for (std::uint64_t number = 1; number <= 300; ++number) {
        changes.emplace_back(extension(std::to_string(1000 + number)));
        changes.emplace_back(Assign{mac(number), {std::to_string(1000 + number)}});
    }
    apply(changes);
    inventory_.reset();
    const auto sound = read_file();
    ASSERT_GT(sound.size(), 20'000U);
    int refused = 0;
    for (std::size_t page = 0; page < sound.size(); page += 4096) {
        auto damaged = sound;
        damaged.replace(page, 200, std::string(200, '\xa5'));
        write_file(damaged);
        if (const auto opened = open(); !opened) {
            ++refused;
            EXPECT_THAT(opened.error().what, HasSubstr(path()));
        } else {
            (void)inventory().apply({Approve{mac(9)}}, "me");
            (void)inventory().timeline(mac(9));
        }
        inventory_.reset();
        std::filesystem::remove(path() + "-wal");
        std::filesystem::remove(path() + "-shm");
    }
    EXPECT_GT(refused, 5);
    for (std::size_t size = 1; size < sound.size(); size += 3001) {
        write_file(sound.substr(0, size));
        EXPECT_FALSE(open()) << size;
        EXPECT_EQ(read_file().size(), size); // nothing was written over
    }
    write_file("a note of somebody");
    EXPECT_FALSE(open());
    EXPECT_EQ(read_file(), "a note of somebody");
}

TEST_F(Durability, PlacesThatCannotHoldADatabaseAreRefusedWithTheirName) {
    const std::vector<std::string> places = {folder_ + "/missing/pnp.sqlite3", "/proc/pnp.sqlite3",
                                             folder_, "/dev/null/pnp.sqlite3"};
    for (const auto& place : places) {
        const auto opened = Inventory::open(place, limits_, clock_);
        ASSERT_FALSE(opened) << place;
        EXPECT_THAT(opened.error().what, HasSubstr(place));
    }
    ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
    EXPECT_THAT(refusal().what, HasSubstr("not a plain file"));
}

TEST_F(Durability, AFolderThatIsNotWritableIsRefusedWithTheRemedy) {
    ::chmod(folder_.c_str(), 0555);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) {
            ::_exit(3);
        }
        const auto opened = Inventory::open(path(), limits_, clock_);
        const bool said = !opened && opened.error().what.find("writable") != std::string::npos;
        ::_exit(said ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(Durability, AFullDiskChangesNothingAndIsSaid) {
    apply({extension("201"), Assign{mac(1), {"201"}}});
    inventory().note(mac(1), Step::offered, "", "");
    const auto size = std::filesystem::file_size(path() + "-wal");
    int refused = 0;
    // From no room at all to room for a part of what one commit writes.
    for (rlim_t room = 0; room < 8000; room += 777) {
        const FullDisk full(room == 0 ? 0 : size + room);
        const auto applied = inventory().apply({Block{mac(1)}, extension("202")}, "me");
        if (applied) {
            break;
        }
        ++refused;
        EXPECT_EQ(applied.error().code, Errc::io);
        EXPECT_THAT(applied.error().what, HasSubstr("nothing was changed"));
        EXPECT_THAT(applied.error().what, HasSubstr("space"));
        EXPECT_TRUE(device(mac(1))->is_approved());
        EXPECT_EQ(inventory().now().extension("202"), nullptr);
        const std::array<base::Mac, 1> macs = {mac(1)};
        EXPECT_FALSE(inventory().mint_first_tokens(macs));
        EXPECT_TRUE(
            inventory().now().credential(inventory().steady_token(*device(mac(1)))).has_value());
    }
    EXPECT_GE(refused, 3);
    apply({extension("203"), Approve{mac(2)}});
    reopen();
    EXPECT_TRUE(device(mac(1))->is_approved());
    EXPECT_TRUE(device(mac(2))->is_approved());
    EXPECT_EQ(inventory().now().extension("202"), nullptr);
}

TEST_F(Durability, ObservationsWaitUntilThereIsRoomAgain) {
    apply({Approve{mac(1)}});
    flush();
    logged_.clear();
    {
        const FullDisk full(0);
        for (int round = 0; round < 3; ++round) {
            inventory().saw(mac(2), at(2));
            inventory().note(mac(1), Step::offered, "", "");
            inventory().note(mac(1), Step::file_served, "", std::to_string(round));
            const auto flushed = inventory().flush();
            ASSERT_FALSE(flushed);
            EXPECT_THAT(flushed.error().what, HasSubstr("space"));
        }
        EXPECT_EQ(inventory().counters().flush_failures, 3U);
        EXPECT_TRUE(inventory().counters().flush_fails);
        EXPECT_EQ(logged_.size(), 1U); // not each second
        EXPECT_EQ(story(mac(1)).size(), 7U);
        for (int file = 0; file < 500; ++file) {
            inventory().note(mac(1), Step::file_served, "", "later " + std::to_string(file));
            (void)inventory().flush();
        }
        EXPECT_EQ(story(mac(1)).size(), 200U);
    }
    flush();
    EXPECT_FALSE(inventory().counters().flush_fails) << "the disk has room again";
    EXPECT_EQ(logged_.size(), 2U);
    const auto before = story(mac(1));
    reopen();
    EXPECT_EQ(story(mac(1)), before);
    EXPECT_EQ(before.back(), "file_served later 499");
    EXPECT_NE(device(mac(2)), nullptr);
}

TEST_F(Durability, ADiskThatIsFullFromTheStartIsSaid) {
    const FullDisk full(0);
    EXPECT_THAT(refusal().what, HasSubstr("space"));
}

TEST_F(Durability, ARowThatAnotherProgramDeletedStopsNobody) {
    apply({Approve{mac(1)}, Approve{mac(2)}});
    flush();
    {
        auto other = sql::Connection::open(path());
        ASSERT_TRUE(other);
        ASSERT_TRUE(other->run("delete from device"));
    }
    inventory().note(mac(1), Step::offered, "", "");
    inventory().saw(mac(2), at(2));
    EXPECT_TRUE(inventory().flush());
}

} // namespace
} // namespace inventory
