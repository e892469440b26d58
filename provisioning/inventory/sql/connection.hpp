// SPDX-License-Identifier: MIT
// The seam to the database: connection, statement, transaction. Only connection.cpp knows SQLite.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace inventory::sql {

/// full: on the platter when commit() returns; normal: after the next checkpoint, in order.
enum class Sync : std::uint8_t { normal, full };

/// A rename or creation of `path` survives a power cut only when its directory is on disk too.
void sync_directory_of(const std::string& path);

struct StatementClose {
    void operator()(sqlite3_stmt* statement) const noexcept;
};

/// One prepared statement with parameters $1, $2, …: bind, step, read columns (from 0).
class Statement {
  public:
    Statement() = default;

    Statement& bind(int number, std::int64_t value);
    Statement& bind(int number, std::string_view text);
    Statement& bind(int number, std::span<const std::uint8_t> blob);

    /// True: a row is there to be read. After false or an error the statement is ready for another
    /// round.
    base::Result<bool> step();
    /// Steps to the end.
    base::Status run();
    /// Leaves the rows that were not read.
    void reset() noexcept;

    std::int64_t integer(int column) const;
    std::string text(int column) const; ///< blobs too

  private:
    friend class Connection;

    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    /// SQLite numbers $n by first appearance in the text, so parameters are found by name.
    int index(int number);

    std::unique_ptr<sqlite3_stmt, StatementClose> statement_;
    int bind_failure_ = 0;
};

struct ConnectionClose {
    void operator()(sqlite3* connection) const noexcept;
};

/// Not for two threads at once.
class Connection {
  public:
    /// Opens or creates (mode 0600) the file and checks that it is a sound database; changes
    /// nothing in it.
    static base::Result<Connection> open(const std::string& path);

    /// Write-ahead logging: readers from outside and a backup do not stop us. Kept in the file.
    base::Status use_wal();

    /// Moves what lies in the log into the database and empties it, if it is long and nobody reads:
    /// for a moment when nothing is to be written. A log that cannot be emptied now is no error.
    void shorten_log() noexcept;

    /// Writes the whole file anew and empties the log: nothing that was deleted or replaced stays
    /// in either. No transaction and no statement may be under way.
    base::Status rewrite();

    base::Result<Statement> prepare(std::string_view text);
    /// Several statements without parameters and rows.
    base::Status run(const std::string& script);

    std::int64_t last_id() const noexcept; ///< of the last insert
    std::int64_t changed() const noexcept; ///< rows that the last statement changed

    /// The number of the schema in the file; 0 = none yet.
    base::Result<std::int64_t> schema_version();
    /// Counts with the transaction around it.
    base::Status set_schema_version(std::int64_t version);
    base::Result<bool> has_tables();

  private:
    friend class Transaction;

    explicit Connection(sqlite3* connection) : connection_(connection) {}

    base::Result<std::int64_t> number(std::string_view query);
    base::Status check();
    base::Status sync(Sync wanted);

    std::unique_ptr<sqlite3, ConnectionClose> connection_;
    Sync sync_ = Sync::full;
    bool sync_known_ = false;
};

/// Rolls back unless committed.
class Transaction {
  public:
    static base::Result<Transaction> begin(Connection& connection, Sync sync);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    /// After an error nothing of it is in the database.
    base::Status commit();

  private:
    explicit Transaction(Connection& connection) : connection_(&connection) {}

    void roll_back() noexcept;

    Connection* connection_;
};

} // namespace inventory::sql
