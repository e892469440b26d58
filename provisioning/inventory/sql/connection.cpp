// SPDX-License-Identifier: MIT
// The seam to the database, over the SQLite C API.
#include "provisioning/inventory/sql/connection.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/net.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace inventory::sql {

namespace {

constexpr int busy_ms = 5000;

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

/// The system's last word on the files; 0: it had none. What it said of a COMMIT SQLite keeps with
/// the write-ahead log alone.
int system_error(sqlite3* connection) {
    int error = sqlite3_system_errno(connection);
    sqlite3_file* log = nullptr;
    if (error == 0 &&
        sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log != nullptr && log->pMethods != nullptr) {
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
    }
    return error;
}

/// Says what happened and what to do about it; SQLite's messages never hold a bound value.
tl::unexpected<base::Error> failure(sqlite3* connection, int code) {
    const char* name = connection == nullptr ? nullptr : sqlite3_db_filename(connection, "main");
    const std::string path = name == nullptr || *name == '\0' ? "the database" : name;
    const char* said = connection == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(connection);
    const int system = connection == nullptr ? 0 : system_error(connection);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return fail(Errc::io, "{}: the disk is full; free some space there", path);
    case SQLITE_IOERR:
        return fail(Errc::io, "{}: {} ({}); look for free space, a quota or a failing disk there",
                    path, said, system == 0 ? "no further reason" : std::strerror(system));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fail(Errc::malformed,
                    "{} is no sound database ({}); put a backup in its place, or move it away to "
                    "begin with an empty inventory",
                    path, said);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail(Errc::conflict,
                    "{} is locked by another program; end that program (fuser {} names it)", path,
                    path);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return fail(Errc::io, "{} and its directory must be writable for this process ({})", path,
                    said);
    default:
        return fail(Errc::io, "{}: {}", path, said);
    }
}

/// SQLite takes a file that is shorter than a page for an empty database and would write over it.
/// https://www.sqlite.org/fileformat.html#the_database_header: 16 bytes of magic, then the size of
/// a page, where 1 stands for 65536.
bool begins_like_a_database(int fd, off_t size) {
    std::array<unsigned char, 18> header{};
    if (::pread(fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size()) ||
        std::memcmp(header.data(), "SQLite format 3", 16) != 0) {
        return false;
    }
    const auto page = header[16] * 256 + header[17];
    return size >= (page == 1 ? 65536 : page);
}

/// Creates the file for us alone, whatever the umask; -wal and -shm take their mode from it. The
/// descriptor is closed again before SQLite opens the file: closing any descriptor of a file drops
/// this process's POSIX locks on it.
Status create_private(const std::string& path) {
    base::Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd) {
        if (::fchmod(fd.get(), 0600) != 0) {
            return fail(Errc::io, "{}: cannot set its mode: {}", path, std::strerror(errno));
        }
        sync_directory_of(path);
        return {};
    }
    if (errno == EEXIST) {
        // O_NONBLOCK: whatever lies there, opening it must not wait.
        fd = base::Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
    }
    if (!fd) {
        return fail(Errc::io,
                    "{}: {}; the file and its directory must be there and writable for this "
                    "process",
                    path, std::strerror(errno));
    }

    struct stat found {};

    if (::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return fail(Errc::malformed, "{} is not a plain file; name another database", path);
    }
    if (found.st_size != 0 && !begins_like_a_database(fd.get(), found.st_size)) {
        return fail(Errc::malformed,
                    "{} is no database, or only the beginning of one; put a backup in its place, "
                    "or move it away to begin with an empty inventory",
                    path);
    }
    if ((found.st_mode & 077U) != 0) {
        base::log::warn("inventory", "{} holds passwords and others may read it; chmod 600 it",
                        path);
    }
    return {};
}

} // namespace

void sync_directory_of(const std::string& path) {
    auto directory = std::filesystem::path(path).parent_path();
    if (directory.empty()) {
        directory = ".";
    }
    const base::Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) {
        (void)::fsync(fd.get());
    }
}

void StatementClose::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

void ConnectionClose::operator()(sqlite3* connection) const noexcept {
    sqlite3_close_v2(connection);
}

int Statement::index(int number) {
    const int found =
        sqlite3_bind_parameter_index(statement_.get(), fmt::format("${}", number).c_str());
    if (found == 0) {
        bind_failure_ = SQLITE_RANGE;
    }
    return found;
}

Statement& Statement::bind(int number, std::int64_t value) {
    const int at = index(number);
    if (const int code = sqlite3_bind_int64(statement_.get(), at, value);
        code != SQLITE_OK && bind_failure_ == 0) {
        bind_failure_ = code;
    }
    return *this;
}

Statement& Statement::bind(int number, std::string_view text) {
    const int at = index(number);
    // A null pointer would bind NULL, and an empty view may hold one.
    const int code =
        sqlite3_bind_text64(statement_.get(), at, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_TRANSIENT, // NOLINT(performance-no-int-to-ptr)
                            SQLITE_UTF8);
    if (code != SQLITE_OK && bind_failure_ == 0) {
        bind_failure_ = code;
    }
    return *this;
}

Statement& Statement::bind(int number, std::span<const std::uint8_t> blob) {
    const int at = index(number);
    const int code =
        sqlite3_bind_blob64(statement_.get(), at,
                            blob.empty() ? static_cast<const void*>("") : blob.data(), blob.size(),
                            SQLITE_TRANSIENT); // NOLINT(performance-no-int-to-ptr)
    if (code != SQLITE_OK && bind_failure_ == 0) {
        bind_failure_ = code;
    }
    return *this;
}

Result<bool> Statement::step() {
    auto* const connection = sqlite3_db_handle(statement_.get());
    if (const int code = std::exchange(bind_failure_, 0); code != 0) {
        reset();
        return fail(Errc::io, "SQL parameters: {}", sqlite3_errstr(code));
    }
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    auto error = failure(connection, code);
    reset();
    return error;
}

Status Statement::run() {
    for (;;) {
        const auto row = step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return {};
        }
    }
}

void Statement::reset() noexcept {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    bind_failure_ = 0;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Result<Connection> Connection::open(const std::string& path) {
    if (auto created = create_private(path); !created) {
        return tl::unexpected(created.error());
    }
    sqlite3* raw = nullptr;
    // NOMUTEX: the inventory lets one thread in at a time.
    const int code = sqlite3_open_v2(
        path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
        nullptr);
    Connection connection(raw);
    if (code != SQLITE_OK) {
        return failure(raw, code);
    }
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_ms);
    if (auto sound = connection.check(); !sound) {
        return tl::unexpected(sound.error());
    }
    // mmap_size 0: a database that somebody truncates must not be a SIGBUS in the PBX.
    // secure_delete: the password of a removed extension does not stay in a free page.
    // temp_store: no passwords in temporary files.
    if (auto set = connection.run("pragma foreign_keys = on; pragma trusted_schema = off;"
                                  "pragma cell_size_check = on; pragma mmap_size = 0;"
                                  "pragma temp_store = memory; pragma secure_delete = on;");
        !set) {
        return tl::unexpected(set.error());
    }
    return connection;
}

Status Connection::check() {
    auto checked = prepare("pragma quick_check(1)");
    if (!checked) {
        return tl::unexpected(checked.error());
    }
    const auto row = checked->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (const auto found = *row ? checked->text(0) : std::string("no answer"); found != "ok") {
        return fail(Errc::malformed,
                    "{} is damaged ({}); put a backup in its place, or save what is left with "
                    "sqlite3's .recover",
                    sqlite3_db_filename(connection_.get(), "main"), found);
    }
    return {};
}

Status Connection::use_wal() {
    auto wanted = prepare("pragma journal_mode = wal");
    if (!wanted) {
        return tl::unexpected(wanted.error());
    }
    const auto row = wanted->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (const auto mode = *row ? wanted->text(0) : std::string("none"); mode != "wal") {
        return fail(Errc::io,
                    "{} cannot have a write-ahead log here (journal mode {}); put it on a local "
                    "disk",
                    sqlite3_db_filename(connection_.get(), "main"), mode);
    }
    wanted->reset();
    // During a burst the log is cut to 4 MiB now and then; shorten_log() does the rest.
    return run("pragma wal_autocheckpoint = 1000; pragma journal_size_limit = 4194304;");
}

void Connection::shorten_log() noexcept {
    constexpr off_t short_enough = 65536;

    struct stat log {};

    if (::stat(sqlite3_filename_wal(sqlite3_db_filename(connection_.get(), "main")), &log) != 0 ||
        log.st_size <= short_enough) {
        return;
    }
    sqlite3_busy_timeout(connection_.get(), 0); // a backup may be reading: the next time, then
    sqlite3_wal_checkpoint_v2(connection_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
    sqlite3_busy_timeout(connection_.get(), busy_ms);
}

Status Connection::rewrite() {
    if (auto done = run("vacuum"); !done) {
        return done;
    }
    sqlite3_busy_timeout(connection_.get(), 0); // a backup that reads may take longer than we wait
    const int code = sqlite3_wal_checkpoint_v2(connection_.get(), nullptr,
                                               SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(connection_.get(), busy_ms);
    return code == SQLITE_OK ? Status() : failure(connection_.get(), code);
}

Result<Statement> Connection::prepare(std::string_view text) {
    sqlite3_stmt* raw = nullptr;
    const int code =
        sqlite3_prepare_v3(connection_.get(), text.data(), static_cast<int>(text.size()),
                           SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    Statement statement(raw);
    if (code != SQLITE_OK) {
        return failure(connection_.get(), code);
    }
    return statement;
}

Status Connection::run(const std::string& script) {
    const int code = sqlite3_exec(connection_.get(), script.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return failure(connection_.get(), code);
    }
    return {};
}

std::int64_t Connection::last_id() const noexcept {
    return sqlite3_last_insert_rowid(connection_.get());
}

std::int64_t Connection::changed() const noexcept {
    return sqlite3_changes(connection_.get());
}

Result<std::int64_t> Connection::number(std::string_view query) {
    auto asked = prepare(query);
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto row = asked->step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    return *row ? asked->integer(0) : 0;
}

Result<std::int64_t> Connection::schema_version() {
    return number("pragma user_version");
}

Status Connection::set_schema_version(std::int64_t version) {
    return run(fmt::format("pragma user_version = {}", version));
}

Result<bool> Connection::has_tables() {
    return number("select count(*) from sqlite_master").map([](std::int64_t count) {
        return count != 0;
    });
}

Status Connection::sync(Sync wanted) {
    if (sync_known_ && sync_ == wanted) {
        return {};
    }
    // SQLite ignores this inside a transaction, so it stands before each.
    auto set =
        run(wanted == Sync::full ? "pragma synchronous = full" : "pragma synchronous = normal");
    if (set) {
        sync_ = wanted;
        sync_known_ = true;
    }
    return set;
}

Result<Transaction> Transaction::begin(Connection& connection, Sync sync) {
    if (auto set = connection.sync(sync); !set) {
        return tl::unexpected(set.error());
    }
    // immediate: if somebody else writes, it is now that we wait, not half way.
    if (auto begun = connection.run("begin immediate"); !begun) {
        return tl::unexpected(begun.error());
    }
    return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
    roll_back();
}

Status Transaction::commit() {
    auto done = connection_->run("commit");
    if (done) {
        connection_ = nullptr;
    } else {
        roll_back();
    }
    return done;
}

void Transaction::roll_back() noexcept {
    // After some errors SQLite has rolled back by itself.
    if (connection_ != nullptr && sqlite3_get_autocommit(connection_->connection_.get()) == 0) {
        sqlite3_exec(connection_->connection_.get(), "rollback", nullptr, nullptr, nullptr);
    }
    connection_ = nullptr;
}

} // namespace inventory::sql
