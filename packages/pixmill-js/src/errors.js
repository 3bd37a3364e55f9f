/** An argument that no URL can be made of. `code` is stable, `parameter` names the argument. */
export class PixmillError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} [parameter]
   */
  constructor(code, message, parameter) {
    super(message);
    this.name = "PixmillError";
    this.code = code;
    this.parameter = parameter;
  }
}
