// Runs statements through tedious. Standard input is one JSON object: how to connect, and the statements. Standard
// output is another: the error of the connection, or for each statement its columns, rows and errors.
import { readFileSync } from 'node:fs';
import { Connection, Request, TYPES } from 'tedious';

const job = JSON.parse(readFileSync(0, 'utf8'));

const connection = new Connection({
  server: job.host,
  authentication: { type: 'default', options: { userName: job.user, password: job.password } },
  options: {
    port: job.port,
    database: job.database,
    encrypt: job.encrypt,
    trustServerCertificate: job.trust,
    serverName: job.serverName,
    cryptoCredentialsDetails: { ca: job.ca || undefined, minVersion: job.tls || 'TLSv1.2', maxVersion: job.tls || 'TLSv1.3' },
    appName: 'tedious',
    connectTimeout: 20000,
    requestTimeout: 20000,
    cancelTimeout: 20000,
    useUTC: true,
  },
});

function connect() {
  return new Promise((resolve, reject) => {
    connection.connect((err) => (err ? reject(err) : resolve()));
  });
}

// One statement. With parameters it is a call of sp_executesql, without a batch. With stopAfter it is cancelled when so
// many rows have come.
function run(step) {
  return new Promise((resolve) => {
    const result = { columns: [], rows: [], errors: [], end: '' };
    const request = new Request(step.sql, (err) => {
      if (err) {
        result.end = err.code || err.message || err.name; // several errors have neither code nor text
      }
      resolve(result);
    });
    for (const [name, type, value] of step.parameters ?? []) {
      request.addParameter(name, TYPES[type], type.startsWith('DateTime') ? new Date(value) : value);
    }
    request.on('columnMetadata', (columns) => result.columns.push(...columns.map((c) => `${c.colName} ${c.type.name}`)));
    request.on('row', (row) => {
      result.rows.push(row.map((cell) => cell.value));
      if (result.rows.length === step.stopAfter) {
        connection.cancel();
      }
    });
    if (step.parameters) {
      connection.execSql(request);
    } else {
      connection.execSqlBatch(request);
    }
  }).then((result) => {
    result.errors = said.splice(0);
    return result;
  });
}

// What the server said since the last statement.
const said = [];
connection.on('errorMessage', (e) => said.push(`${e.number}/${e.state}/${e.class} ${e.message}`));

const answer = { refused: '', results: [] };
try {
  await connect();
  for (const step of job.steps ?? []) {
    answer.results.push(await run(step));
  }
} catch (err) {
  answer.refused = [...said.splice(0), err.message, err.cause?.message ?? ''].join('; ');
}
connection.close();
process.stdout.write(JSON.stringify(answer));
